// The built program, started in a temporary folder with a third-party mail server. The tests reach it as its users do:
// they receive its mails, visit its links, and read its reports over HTTP.
import { execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdtempSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PROGRAM = resolve('target/debug/afterword');
const PYTHON = process.env.SMTP_TEST_PYTHON;
const WAIT_TIMEOUT = 60_000; // ms, enough for a loaded machine
const MINUTE = 60_000;
// The service closes idle connections, and Node may send a request just then. So each has its own connection.
const OWN_CONNECTION = { Connection: 'close' };
// As dark as most logos, so that the looks in dark mode show whether it can be seen.
const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 150 40" width="150" height="40"><circle cx="20" cy="20"
  r="16" fill="#1b1f27"/><text x="44" y="27" font-family="sans-serif" font-size="20" font-weight="bold"
  fill="#1b1f27">Example</text></svg>`;

export async function wait(what, look) {
  const end = Date.now() + WAIT_TIMEOUT;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`timed out waiting for ${what}`);
    await sleep(50);
  }
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

// Kills a child process when this one exits, whatever goes wrong.
function killAtExit(child) {
  process.on('exit', () => child.kill('SIGKILL'));
  return child;
}

export async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'afterword-browser-'));
  const [port, mailPort] = [await freePort(), await freePort()];
  const mails = join(folder, 'mails');
  mkdirSync(mails);
  writeFileSync(join(folder, 'logo.svg'), LOGO);
  writeFileSync(join(folder, 'afterword.toml'), `
    listen = "127.0.0.1:${port}"
    public_url = "http://127.0.0.1:${port}"
    [mail]
    from = "Example Support <support@shop.test>"
    smtp = "smtp://127.0.0.1:${mailPort}"
    [brand]
    name = "Example"
    logo_file = "logo.svg"
    [policy.hour]
    change_within_hours = 1
  `);
  const mailServer = killAtExit(spawn(PYTHON, [resolve('tests/data/smtpd.py'), String(mailPort), mails]));
  await once(mailServer.stdout, 'data');
  const log = openSync(join(folder, 'log'), 'a');
  const program = killAtExit(spawn(PROGRAM, ['serve'], { cwd: folder, stdio: ['ignore', log, log] }));
  const url = `http://127.0.0.1:${port}`;
  await wait('the service', () => fetch(`${url}/readyz`).then(({ ok }) => ok, () => false));
  const printed = execFileSync(PROGRAM, ['key', 'new', '--scope', 'admin', '--name', 'browser'],
    { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  return new Service(folder, url, printed.toString().trim().split('\n').at(-1), [program, mailServer]);
}

class Service {
  constructor(folder, url, key, processes) {
    Object.assign(this, { folder, url, key, processes });
  }

  async api(path, body) {
    const headers = { ...OWN_CONNECTION, Authorization: `Bearer ${this.key}`, 'Content-Type': 'application/json' };
    const method = body ? 'POST' : 'GET';
    const response = await fetch(this.url + path, { method, headers, body: body && JSON.stringify(body) });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  // Closes a conversation, which has its own customer and teammate, and waits for the mail. Returns its links, worst
  // face first. Unless `young`, the mail looks as if it was accepted ten minutes ago. `closed` is in hours before now.
  async ask(id, { young = false, closed = 0, policy, locale = 'en' } = {}) {
    const closedAt = new Date(Date.now() - closed * 60 * MINUTE).toISOString();
    const { decision } = await this.api('/v1/closings', {
      conversation_id: id, closed_at: closedAt, subject: 'Refund', started_by: 'customer', characters: 612,
      last_reply_at: closedAt, teammate_replied: true, policy,
      customers: [{ email: `${id}@example.com`, name: 'Ada', kind: 'user', locale }],
      teammate: { id, name: 'Grace' },
    });
    if (decision !== 'ask') throw new Error(`${id}: expected the decision ask, got ${decision}`);
    const mail = await wait(`the mail of ${id}`, () => this.mail(id));
    await wait(`the outcome of ${id}`, async () => (await this.survey(id)).mail.state === 'accepted');
    // Changing the time is faster than waiting for the five minutes in which a mail counts as new.
    if (!young) this.update(id, { outbox: `accepted_at = accepted_at - ${10 * MINUTE}` });
    return mail;
  }

  mail(id) {
    for (const name of readdirSync(join(this.folder, 'mails')).filter((name) => name.endsWith('.eml'))) {
      const raw = readFileSync(join(this.folder, 'mails', name), 'latin1');
      if (!new RegExp(`^To:.*[ <]${id}@`, 'm').test(raw)) continue;
      const parts = raw.split(/\r?\n--/);
      const text = parts.map(decode).join('\n');
      const html = Buffer.from(decode(parts.find((part) => /content-type: text\/html/i.test(part))), 'latin1').toString();
      const links = (kind) => [...new Set(text.match(new RegExp(`${kind}[\\w-]{47}`, 'g')))].map((path) => this.url + path);
      return { html, links: links('/r/'), unsubscribe: links('/u/')[0] };
    }
    return null;
  }

  // Changes the row of a survey in `outbox`, `rating` or `clicks`, because waiting would take minutes or hours.
  update(id, changes) {
    const survey = 'SELECT id FROM survey WHERE conversation_id = ?';
    const statements = Object.entries(changes).map(([table, change]) =>
      `UPDATE ${table} SET ${change} WHERE ${table === 'outbox' ? 'id' : 'survey_id'} = (${survey}) RETURNING 1`);
    const changed = this.sql(id, statements);
    if (changed.some((rows) => rows.length !== 1)) throw new Error(`${id}: expected to change one row of each table`);
  }

  // Ends the rate window of a survey.
  closeRating(id) {
    this.update(id, { rating: 'rate_until = (SELECT made_at FROM survey WHERE id = survey_id) - 1' });
  }

  // How many views of a survey are stored, including those of machines.
  async views(id) {
    await this.flush();
    const count = "coalesce(json_array_length(trail, '$.views'), 0)";
    const from = 'survey LEFT JOIN clicks ON survey_id = id';
    return this.sql(id, [`SELECT ${count} FROM ${from} WHERE conversation_id = ?`])[0][0][0];
  }

  // Runs statements about a conversation in one transaction, and returns the rows of each.
  sql(id, statements) {
    const code = 'import json, sqlite3, sys; db = sqlite3.connect(sys.argv[1], timeout=30); '
      + 'rows = [db.execute(each, [sys.argv[2]]).fetchall() for each in sys.argv[3:]]; db.commit(); print(json.dumps(rows))';
    return JSON.parse(execFileSync(PYTHON, ['-c', code, join(this.folder, 'afterword.db'), id, ...statements]));
  }

  // Waits until all views are stored: the service reports ready only then.
  flush() {
    return fetch(`${this.url}/readyz`, { headers: OWN_CONNECTION });
  }

  // Makes the mail of a survey, and everything that visitors did, older by some seconds. A page says when it was issued,
  // and that cannot change: visitors must not use one that was open before.
  async passes(id, seconds) {
    await this.flush();
    const ms = seconds * 1_000;
    const older = (list, ...places) => {
      const times = places.map((place) => `'$[${place}]', json_extract(value, '$[${place}]') - ${ms}`);
      return `'$.${list}', json((SELECT json_group_array(json(json_set(value, ${times}))) FROM json_each(trail, '$.${list}')))`;
    };
    this.update(id, {
      outbox: `accepted_at = accepted_at - ${ms}`,
      clicks: `trail = json_set(trail, ${older('views', 0)}, ${older('tries', 0)}, ${older('hot', 0, 1)})`,
      rating: ['rated_at', 'page_issued', 'held_at'].map((column) => `${column} = ${column} - ${ms}`).join(', '),
    });
  }

  async survey(id) {
    return (await this.api(`/v1/conversations/${id}`)).surveys[0];
  }

  // What the report counts for a conversation's teammate, with the evidence, the comment and the number of changes.
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

// Decodes one part of a mail: a string of its bytes.
function decode(part) {
  const [head, ...body] = part.split(/\r?\n\r?\n/);
  const text = body.join('\n\n');
  if (/transfer-encoding: base64/i.test(head)) return Buffer.from(text, 'base64').toString('latin1');
  if (!/quoted-printable/i.test(head)) return text;
  return text.replace(/=\r?\n/g, '').replace(/=([\dA-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}
