// Checks the mail with third-party tools: mail_check.mjs FOLDER, as `afterword preview` wrote it. The tools are in the
// folder that NODE_TOOLS names. Prints a line for each check. mail_allowed.mjs lists the findings that are allowed.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { clients, features, html as rules } from './mail_allowed.mjs';

const folder = process.argv[2];
const tools = createRequire(join(resolve(process.env.NODE_TOOLS), 'tools.js'));
const tool = (name) => import(pathToFileURL(tools.resolve(name)).href);
const unused = new Set([...rules, ...features]);

function report(name, faults) {
  for (const fault of faults) console.log(`    ${fault}`);
  console.log(`${faults.length === 0 ? 'ok' : 'FAILED'} mail: ${name}`);
}

// What html-validate finds in a file, without what is allowed.
async function validate(file) {
  const { HtmlValidate } = await tool('html-validate');
  const result = await new HtmlValidate({ extends: ['html-validate:recommended'] }).validateFile(join(folder, file));
  return result.results.flatMap(({ messages }) => messages).filter(({ ruleId, message }) => {
    const entry = rules.find(([rule, which]) => rule === ruleId && which.test(message));
    unused.delete(entry);
    return !entry;
  }).map(({ ruleId, message, line }) => `${file}:${line}: ${ruleId}: ${message}`);
}

// What caniemail says that some client does not support, without what is allowed.
async function unsupported() {
  const { caniemail } = await tool('caniemail');
  const found = new Map();
  const html = readFileSync(join(folder, 'request.html'), 'utf8');
  for (const client of clients) {
    const { issues } = caniemail({ clients: [client], html });
    for (const kind of ['errors', 'warnings']) {
      for (const { title } of [...issues[kind].values()].flat()) {
        const entry = features.find(([feature, as]) => feature === title && as === kind);
        unused.delete(entry);
        if (!entry) found.set(`${title}: ${kind} on ${client}`);
      }
    }
  }
  return [...found.keys()];
}

report('html-validate, the mail', await validate('request.html'));
report('caniemail', await unsupported());
report('every allowed finding occurs', [...unused].map(([name, kind]) => `${name}, ${kind}`));
