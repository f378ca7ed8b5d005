// Tests the pages in a real browser: run.mjs FOLDER. Starts the built program and a mail server, lets people and
// machines visit the links of the received mails, and compares what the report counts with what it should. Leaves
// screenshots of every mode in the folder. Needs SMTP_TEST_PYTHON and NODE_TOOLS, as ./tests/run sets them.
//   ONLY=text run.mjs FOLDER   only the cases whose name contains the text
import { admin } from './admin.mjs';
import { demo } from './demo.mjs';
import { looks } from './looks.mjs';
import { machines } from './machines.mjs';
import { people } from './people.mjs';
import { start } from './service.mjs';
import { openBrowsers } from './visitors.mjs';
import { openWebmail } from './webmail.mjs';

// How many cases run at once. They mostly wait for the seconds that the rules require.
const AT_ONCE = 6;

const folder = process.argv[2];
const only = process.env.ONLY ?? '';
const table = [];

function report(fault, name) {
  if (fault) console.log(`    ${String(fault.stack ?? fault).replaceAll('\n', '\n    ')}`);
  console.log(`${fault ? 'FAILED' : 'ok'} browser: ${name}`);
}

async function runCase(world, kind, number, [behaviour, expected, act, options = {}]) {
  const { service, browsers, webmail } = world;
  const id = `${kind}-${number}`;
  const age = options.young ? 'new' : 'older';
  const name = `${kind} with ${options.young ? 'a new' : 'an older'} mail: ${behaviour}`;
  const row = (counted) => { table.push({ kind, number, cells: [kind, age, behaviour, counted] }); };
  const opened = [];
  const visitor = (make) => async (options) => {
    opened.push(await make(options));
    return opened.at(-1);
  };
  const { person, phone, machine, disguised } = browsers;
  const makers = Object.entries({ person, phone, machine, disguised }).map(([who, make]) => [who, visitor(make)]);
  try {
    const mail = await service.ask(id, options);
    await act({ ...Object.fromEntries(makers), mail, service, webmail, id });
    await Promise.all(opened.map((visitor) => visitor.leaves()));
    const counted = await service.counted(id);
    const steps = options.steps > 1 ? `, ${options.steps} steps` : '';
    row(counted);
    const held = options.mayHold && counted.endsWith('(held)');
    report(!held && counted !== expected + steps && `expected ${expected}${steps}, counted ${counted}`, name);
  } catch (fault) {
    row('FAILED');
    await Promise.allSettled(opened.map((visitor) => visitor.leaves()));
    report(fault, name);
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
const webmail = await openWebmail(service);
const world = { service, browsers, webmail };
try {
  const cases = [[people, 'person'], [machines, 'machine']].flatMap(([list, kind]) =>
    list.map((one, number) => ({ one, run: () => runCase(world, kind, number + 1, one) })));
  await pool(cases.filter(({ one: [name] }) => name.includes(only)).map(({ run }) => run));
  await looks(service, browsers, folder, only, report, pool);
  await admin(service, browsers, folder, only, report);
  if ('demo'.includes(only)) await demo(browsers, folder, report);
  const log = service.log();
  report(/\/[ru]\/[\w-]{47}|@example\.com|aw_(read|admin)_/.test(log) && 'a link, an address or a key is in the log', 'the log contains no secret');
} finally {
  await browsers.close();
  webmail.close();
  await service.stop();
}
// In the order of the lists, people first.
table.sort((a, b) => b.kind.localeCompare(a.kind) || a.number - b.number);
const rows = [['who', 'mail', 'behaviour', 'counted'], ...table.map(({ cells }) => cells)];
const widths = rows[0].map((_, column) => Math.max(...rows.map((cells) => cells[column].length)));
console.log();
for (const cells of rows) console.log(cells.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd());
