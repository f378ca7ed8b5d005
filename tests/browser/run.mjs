// The pages in a real browser: run.mjs FOLDER. Starts the built program and a mail server, has people and machines visit the
// links of mails that were really received, and holds what the report counts against what it should. Pictures of every mode
// are left in the folder. It needs SMTP_TEST_PYTHON and NODE_TOOLS, as ./tests/run sets them.
//   ONLY=text run.mjs FOLDER   the cases whose name holds the text
import { looks } from './looks.mjs';
import { machines } from './machines.mjs';
import { people } from './people.mjs';
import { start } from './service.mjs';
import { visitors } from './visitors.mjs';

// Most of a case is waiting for the seconds that the rules ask for.
const AT_ONCE = 6;

const folder = process.argv[2];
const only = process.env.ONLY ?? '';
const table = [];

function say(fault, name) {
  if (fault) console.log(`    ${String(fault.stack ?? fault).replaceAll('\n', '\n    ')}`);
  console.log(`${fault ? 'FAILED' : 'ok'} browser: ${name}`);
}

async function behave(here, who, kind, number, [behaviour, expected, act, options = {}]) {
  const id = `${kind}-${number}`;
  const made = [];
  const visitor = (make) => async (how) => {
    made.push(await make(how));
    return made.at(-1);
  };
  try {
    const mail = await here.ask(id, options);
    const { person, machine, disguised } = who;
    await act({ person: visitor(person), machine: visitor(machine), disguised: visitor(disguised), mail, here, id });
    await Promise.all(made.map((one) => one.leaves()));
    const counted = await here.counted(id);
    const steps = options.steps > 1 ? `, ${options.steps} steps` : '';
    table.push([kind, behaviour, counted]);
    say(counted !== expected + steps && `expected ${expected}${steps}, counted ${counted}`, `${kind} ${behaviour}`);
  } catch (fault) {
    table.push([kind, behaviour, 'FAILED']);
    await Promise.allSettled(made.map((one) => one.leaves()));
    say(fault, `${kind} ${behaviour}`);
  }
}

async function pool(jobs) {
  const rest = [...jobs];
  const worker = async () => {
    for (let job = rest.shift(); job; job = rest.shift()) await job();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const here = await start();
const who = await visitors();
try {
  const cases = [[people, 'person'], [machines, 'machine']].flatMap(([list, kind]) =>
    list.map((one, number) => ({ one, run: () => behave(here, who, kind, number + 1, one) })));
  await pool(cases.filter(({ one: [name] }) => name.includes(only)).map(({ run }) => run));
  await looks(here, who, folder, only, say, pool);
  const log = here.log();
  say(/\/[ru]\/[\w-]{47}|@example\.com/.test(log) && 'a link or an address is in the log', 'the log holds no secret');
} finally {
  await who.close();
  await here.stop();
}
table.sort(([a], [b]) => b.localeCompare(a));
const width = Math.max(...table.map(([, behaviour]) => behaviour.length));
console.log(`\n${'who'.padEnd(9)}${'behaviour'.padEnd(width + 2)}counted`);
for (const [kind, behaviour, counted] of table) console.log(`${kind.padEnd(9)}${behaviour.padEnd(width + 2)}${counted}`);
