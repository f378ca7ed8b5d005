// Tests the pages in a real browser: run.mjs FOLDER. Starts the built program and a mail server, lets people and
// machines visit the links of the received mails, and compares what the report counts with what it should. Leaves
// screenshots of every mode in the folder. Needs SMTP_TEST_PYTHON and NODE_TOOLS, as ./tests/run sets them.
//   ONLY=text run.mjs FOLDER   only the cases whose name contains the text
import { demo } from './demo.mjs';
import { looks } from './looks.mjs';
import { machines } from './machines.mjs';
import { people } from './people.mjs';
import { start } from './service.mjs';
import { openBrowsers } from './visitors.mjs';

// How many cases run at once. They mostly wait for the seconds that the rules require.
const AT_ONCE = 6;

const folder = process.argv[2];
const only = process.env.ONLY ?? '';
const table = [];

function report(fault, name) {
  if (fault) console.log(`    ${String(fault.stack ?? fault).replaceAll('\n', '\n    ')}`);
  console.log(`${fault ? 'FAILED' : 'ok'} browser: ${name}`);
}

async function runCase(service, browsers, kind, number, [behaviour, expected, act, options = {}]) {
  const id = `${kind}-${number}`;
  const opened = [];
  const visitor = (make) => async (options) => {
    opened.push(await make(options));
    return opened.at(-1);
  };
  try {
    const mail = await service.ask(id, options);
    const { person, machine, disguised } = browsers;
    await act({ person: visitor(person), machine: visitor(machine), disguised: visitor(disguised), mail, service, id });
    await Promise.all(opened.map((visitor) => visitor.leaves()));
    const counted = await service.counted(id);
    const steps = options.steps > 1 ? `, ${options.steps} steps` : '';
    table.push([kind, behaviour, counted]);
    report(counted !== expected + steps && `expected ${expected}${steps}, counted ${counted}`, `${kind} ${behaviour}`);
  } catch (fault) {
    table.push([kind, behaviour, 'FAILED']);
    await Promise.allSettled(opened.map((visitor) => visitor.leaves()));
    report(fault, `${kind} ${behaviour}`);
  }
}

async function pool(jobs) {
  const rest = [...jobs];
  const worker = async () => {
    for (let job = rest.shift(); job; job = rest.shift()) await job();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const service = await start();
const browsers = await openBrowsers();
try {
  const cases = [[people, 'person'], [machines, 'machine']].flatMap(([list, kind]) =>
    list.map((one, number) => ({ one, run: () => runCase(service, browsers, kind, number + 1, one) })));
  await pool(cases.filter(({ one: [name] }) => name.includes(only)).map(({ run }) => run));
  await looks(service, browsers, folder, only, report, pool);
  if ('demo'.includes(only)) await demo(browsers, folder, report);
  const log = service.log();
  report(/\/[ru]\/[\w-]{47}|@example\.com/.test(log) && 'a link or an address is in the log', 'the log contains no secret');
} finally {
  await browsers.close();
  await service.stop();
}
table.sort(([a], [b]) => b.localeCompare(a));
const width = Math.max(...table.map(([, behaviour]) => behaviour.length));
console.log(`\n${'who'.padEnd(9)}${'behaviour'.padEnd(width + 2)}counted`);
for (const [kind, behaviour, counted] of table) console.log(`${kind.padEnd(9)}${behaviour.padEnd(width + 2)}${counted}`);
