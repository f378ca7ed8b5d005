// The built program as a customer's mail program and browser meet it: started in a folder of its own, with a mail server
// that is not ours. What it counts is asked for over HTTP, as a helpdesk would.
import { execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdtempSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';

const PROGRAM = resolve('target/debug/afterword');
const PYTHON = process.env.SMTP_TEST_PYTHON;
const PATIENCE = 60_000; // ms that anything may take to happen on a loaded machine
const MINUTE = 60_000;

export async function wait(what, look) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await pass(50);
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

// Nothing that was started outlives this, whatever goes wrong.
function started(child) {
  process.on('exit', () => child.kill('SIGKILL'));
  return child;
}

export async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'afterword-browser-'));
  const [port, mailPort] = [await freePort(), await freePort()];
  const mails = join(folder, 'mails');
  mkdirSync(mails);
  writeFileSync(join(folder, 'afterword.toml'), `
    listen = "127.0.0.1:${port}"
    public_url = "http://127.0.0.1:${port}"
    [mail]
    from = "Example Support <support@example.com>"
    smtp = "smtp://127.0.0.1:${mailPort}"
    [brand]
    name = "Example"
    [policy.hour]
    change_within_hours = 1
  `);
  const mailServer = started(spawn(PYTHON, [resolve('tests/data/smtpd.py'), String(mailPort), mails]));
  await once(mailServer.stdout, 'data');
  const log = openSync(join(folder, 'log'), 'a');
  const program = started(spawn(PROGRAM, ['serve'], { cwd: folder, stdio: ['ignore', log, log] }));
  const url = `http://127.0.0.1:${port}`;
  await wait('the service', () => fetch(`${url}/readyz`).then(({ ok }) => ok, () => false));
  const printed = execFileSync(PROGRAM, ['key', 'new', '--scope', 'admin', '--name', 'browser'], { cwd: folder });
  return new Service(folder, url, printed.toString().trim().split('\n').at(-1), [program, mailServer]);
}

class Service {
  constructor(folder, url, key, processes) {
    Object.assign(this, { folder, url, key, processes });
  }

  async api(path, body) {
    const headers = { Authorization: `Bearer ${this.key}`, 'Content-Type': 'application/json' };
    const method = body ? 'POST' : 'GET';
    const response = await fetch(this.url + path, { method, headers, body: body && JSON.stringify(body) });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  // Closes a conversation with a customer and a teammate of its own, and takes the mail that asks: its links, worst face
  // first. It was accepted ten minutes ago unless it is young. `closed` is how many hours ago.
  async ask(id, { young = false, closed = 0, policy, locale = 'en' } = {}) {
    const closedAt = new Date(Date.now() - closed * 60 * MINUTE).toISOString();
    const { decision } = await this.api('/v1/closings', {
      conversation_id: id, closed_at: closedAt, subject: 'Refund', started_by: 'customer', characters: 612,
      last_reply_at: closedAt, teammate_replied: true, policy,
      customers: [{ email: `${id}@example.com`, name: 'Ada', kind: 'user', locale }],
      teammate: { id, name: 'Grace' },
    });
    if (decision !== 'ask') throw new Error(`${id}: expected to be asked, decided ${decision}`);
    const mail = await wait(`the mail of ${id}`, () => this.mail(id));
    await wait('its mark', async () => (await this.survey(id)).mail.state === 'accepted');
    // The five minutes after a mail arrives are not waited for.
    if (!young) this.write(id, `accepted_at = accepted_at - ${10 * MINUTE}`);
    return mail;
  }

  mail(id) {
    for (const name of readdirSync(join(this.folder, 'mails')).filter((name) => name.endsWith('.eml'))) {
      const raw = readFileSync(join(this.folder, 'mails', name), 'latin1');
      if (!new RegExp(`^To:.*[ <]${id}@`, 'm').test(raw)) continue;
      const text = raw.split(/\r?\n--/).map(decode).join('\n');
      const links = (kind) => [...new Set(text.match(new RegExp(`${kind}[\\w-]{47}`, 'g')))].map((path) => this.url + path);
      return { links: links('/r/'), unsubscribe: links('/u/')[0] };
    }
    return null;
  }

  // Changes a survey in the database, for what takes hours.
  write(id, change) {
    if (this.sql(`UPDATE survey SET ${change} WHERE conversation_id = ? RETURNING id`, id).length !== 1) {
      throw new Error(`${id}: not one survey was changed`);
    }
  }

  // How many views of a survey are remembered, machines' too.
  async views(id) {
    await this.settled();
    return this.sql("SELECT json_array_length(trail, '$.views') FROM survey WHERE conversation_id = ?", id)[0][0];
  }

  sql(statement, ...values) {
    const code = 'import json, sqlite3, sys; db = sqlite3.connect(sys.argv[1], timeout=30); '
      + 'rows = db.execute(sys.argv[2], sys.argv[3:]).fetchall(); db.commit(); print(json.dumps(rows))';
    return JSON.parse(execFileSync(PYTHON, ['-c', code, join(this.folder, 'afterword.db'), statement, ...values]));
  }

  // It says that it is ready once all views are written.
  settled() {
    return fetch(`${this.url}/readyz`);
  }

  // Lets the views of a survey be so many seconds older.
  async age(id, seconds) {
    await this.settled();
    const at = `json_extract(value, '$.at') - ${seconds * 1_000}`;
    const views = `(SELECT json_group_array(json_set(value, '$.at', ${at})) FROM json_each(trail, '$.views'))`;
    this.write(id, `trail = json_set(trail, '$.views', json(${views}))`);
  }

  async survey(id) {
    return (await this.api(`/v1/conversations/${id}`)).surveys[0];
  }

  // What the report counts for a conversation's teammate, and how it came about.
  async counted(id) {
    const { rows } = await this.api('/v1/report?by=teammate');
    const { ratings, scores, held } = rows.find((row) => row.id === id);
    const { evidence, history } = await this.survey(id);
    if (ratings === 0) return held ? 'nothing (held)' : 'nothing';
    if (ratings !== 1) return `${ratings} ratings`;
    const { items } = await this.api(`/v1/ratings?teammate=${id}`);
    const comment = items[0].comment ? `, "${items[0].comment}"` : '';
    return `${scores.indexOf(1) + 1} ${evidence}${comment}${history.length > 1 ? `, ${history.length} steps` : ''}`;
  }

  log() {
    return readFileSync(join(this.folder, 'log'), 'utf8');
  }

  async stop() {
    for (const child of this.processes) {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

// One part of a mail, as far as its links need it.
function decode(part) {
  const [head, ...body] = part.split(/\r?\n\r?\n/);
  const text = body.join('\n\n');
  if (/transfer-encoding: base64/i.test(head)) return Buffer.from(text, 'base64').toString('latin1');
  return /quoted-printable/i.test(head) ? text.replace(/=\r?\n/g, '').replaceAll('=3D', '=') : text;
}
