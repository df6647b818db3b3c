import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { hashPassword } from '../src/access/password.ts';
import { hasOpenssl, testCertificate } from '../src/testing/certificate.ts';
import { eventually, freePort, runToEnd, startAppliance, temporaryFolder } from './harness/appliance.ts';
import { EXECUTABLE } from './harness/executable.ts';
import { CHROMIUM, hasChromium } from './harness/peers.ts';

let browser: Browser | undefined;
afterAll(async () => browser?.close());

async function site(stack: AsyncDisposableStack, extra = '') {
  const folder = temporaryFolder('access');
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(
    config,
    `web:
  users:
    vera: { role: viewer, password_hash: '${await hashPassword('seen it')}' }
    ria: { role: responder, password_hash: '${await hashPassword('on call')}' }
    ada: { role: admin, password_hash: '${await hashPassword('all mine')}' }
${extra}route: { receiver: nobody }
receivers: [{ name: nobody }]
`,
  );
  const belfry = await startAppliance(stack, { config, data: path.join(folder, 'data') });
  return { belfry, folder, config };
}

test('from password to audit log: tools and tokens on the command line', async () => {
  await using stack = new AsyncDisposableStack();
  const { belfry } = await site(stack);
  expect((await fetch(`${belfry.url}/metrics`)).status).toBe(401);
  expect((await fetch(`${belfry.url}/-/healthy`)).status).toBe(200);
  const url = `--url=${belfry.url}`;
  const asAda = { env: { BELFRY_USER: 'ada:all mine' } };
  const created = runToEnd(['token', 'create', 'bot', '--scope', 'respond', '--expires', '1h', url], asAda);
  const token = created.stdout.trim();
  expect(token).toMatch(/^belfry_[\w-]{43}$/);
  const asBot = { env: { BELFRY_TOKEN: token } };
  const silence = ['silence', 'add', 'alertname=Down', '--comment=deploy', '--author=bot of ria', url];
  expect(runToEnd(silence, asBot).status).toBe(0);
  const byRia = runToEnd(silence, { env: { BELFRY_USER: 'ria:on call' } });
  expect(byRia.status).toBe(0);
  expect(runToEnd(silence, { env: { BELFRY_USER: 'vera:seen it' } }).stderr).toContain('it needs respond');
  // The author of a person's silence is who is logged in, whatever the request says.
  const listed = runToEnd(['silence', '-o', 'json', url], { env: { BELFRY_USER: 'vera:seen it' } });
  const authors = (JSON.parse(listed.stdout) as { createdBy: string }[]).map(({ createdBy }) => createdBy);
  expect(authors.sort()).toEqual(['bot of ria', 'ria']);
  expect(runToEnd(['token', url], asAda).stdout).toMatch(/bot +respond +ada +20/);
  expect(runToEnd(['token', 'revoke', 'bot', url], asAda).status).toBe(0);
  expect(runToEnd(silence, asBot).stderr).toContain('401');
  const authorization = `Basic ${Buffer.from('ada:all mine').toString('base64')}`;
  // The first try may meet a connection that was closed while the commands ran.
  const audit = await eventually('the audit log', () =>
    fetch(`${belfry.url}/api/audit`, { headers: { authorization } }),
  );
  const entries = (await audit.json()) as { who: string; what: string; status: number; detail: string }[];
  expect(entries.map(({ who, status, detail }) => `${who} ${status} ${detail.split(' ')[0]}`)).toEqual([
    'ada 204 revoked',
    'vera 403 refused',
    'ria 200 silence',
    'token bot 200 silence',
    'ada 201 token',
  ]);
});

test.skipIf(!hasChromium)('a person logs in, goes where they wanted, silences, and logs out', async () => {
  await using stack = new AsyncDisposableStack();
  const { belfry } = await site(stack);
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  const context = await browser.newContext();
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/401|429|500/.test(message.text())) problems.push(message.text());
  });
  await page.goto(`${belfry.url}/graph?g0.expr=up`);
  expect(new URL(page.url()).pathname).toBe('/login');
  const log = async (name: string, password: string): Promise<void> => {
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
  };
  await log('ria', 'wrong');
  await page.getByText('Wrong name or password.').waitFor();
  await log('ria', 'on call');
  await page.waitForURL(/\/graph\?/);
  expect(new URL(page.url()).search).toBe('?g0.expr=up');
  const [cookie] = await context.cookies();
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', secure: false });

  // A link from elsewhere carries no cookie; whoever is logged in gets there all the same.
  const elsewhere = await context.newPage();
  await elsewhere.goto(`data:text/html,<a href="${belfry.url}/targets">x</a>`);
  await elsewhere.getByText('x').click();
  await elsewhere.waitForURL(/\/targets$/);
  await elsewhere.close();

  await page.goto(`${belfry.url}/access`);
  await page.getByText('You are ria, responder.').waitFor();
  await page.getByText('(this one)').waitFor();
  expect(await page.getByText('API tokens').count()).toBe(0);
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.waitForURL(/login/);
  await log('ada', 'all mine');
  await page.waitForURL(`${belfry.url}/`);
  await page.goto(`${belfry.url}/access`);
  await page.getByLabel('New token for').fill('grafana');
  await page.getByRole('button', { name: 'Make a token' }).click();
  const made = await page.getByText(/^Token grafana, shown this once/).textContent();
  const token = /belfry_[\w-]{43}/.exec(made!)![0];
  const answer = await fetch(`${belfry.url}/api/v1/query?query=1`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(answer.status).toBe(200);
  await page.reload();
  await page.getByText('POST /api/tokens: token grafana with read for 90d').waitFor();
  const revoke = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('button', { name: 'Really revoke' }).click();
  };
  await page.route('**/api/tokens/*', (route) => route.fulfill({ status: 500, json: { error: 'no room' } }));
  await revoke();
  await page.getByRole('alert').getByText('no room').waitFor();
  await page.unroute('**/api/tokens/*');
  await revoke();
  await page.getByText('No token yet.').waitFor();
  // The session ends elsewhere: the page says so by leading to the login.
  const headers = { authorization: `Basic ${Buffer.from('ada:all mine').toString('base64')}` };
  const sessions = (await (await fetch(`${belfry.url}/api/sessions`, { headers })).json()) as {
    id: string;
  }[];
  for (const { id } of sessions)
    await fetch(`${belfry.url}/api/sessions/${id}`, { method: 'DELETE', headers });
  await page.getByRole('link', { name: 'Targets' }).first().click();
  await page.waitForURL(/login\?next=%2Ftargets/);
  expect(problems).toEqual([]);
});

test('without users nobody listens beyond this host; with a web config file of upstream they do', async () => {
  const folder = temporaryFolder('access');
  try {
    const data = path.join(folder, 'data');
    const port = await freePort();
    const listen = ['--data', data, `--listen=0.0.0.0:${port}`];
    const refused = runToEnd(['serve', ...listen]);
    expect([refused.status, refused.output]).toEqual([1, expect.stringContaining('add web.users')]);
    const web = path.join(folder, 'web.yml');
    const bcrypt = runToEnd(['hash-password', '--bcrypt'], { input: 'secret\n' }).stdout.trim();
    fs.writeFileSync(web, `basic_auth_users: { prom: '${bcrypt}' }\n`);
    expect(runToEnd(['check', web]).status).toBe(0);
    await using stack = new AsyncDisposableStack();
    const belfry = await startAppliance(stack, {
      data,
      port,
      args: [`--web.config.file=${web}`, '--web.external-url=http://monitor.example.org/belfry/'],
      listen: `0.0.0.0:${port}`,
      prefix: '/belfry',
    });
    const ask = async (authorization?: string) =>
      (await fetch(`${belfry.url}/belfry/metrics`, { headers: authorization ? { authorization } : {} }))
        .status;
    expect(await ask()).toBe(401);
    expect(await ask(`Basic ${Buffer.from('prom:secret').toString('base64')}`)).toBe(200);
    const page = await (await fetch(`${belfry.url}/belfry/login`)).text();
    expect(page).toContain('src="/belfry/assets/login-');
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

test.skipIf(!hasOpenssl)(
  'with TLS that asks clients for a certificate, who has none or another gets nothing',
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = temporaryFolder('mtls');
    stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
    const [server, client, stranger] = ['server.test', 'client.test', 'stranger.test'].map((name) =>
      stack.use(testCertificate(name)),
    );
    const web = path.join(folder, 'web.yml');
    fs.writeFileSync(
      web,
      `tls_server_config: {cert_file: ${server!.certFile}, key_file: ${server!.keyFile}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ${client!.certFile}}
`,
    );
    expect(runToEnd(['check', web]).status).toBe(0);
    fs.writeFileSync(path.join(folder, 'belfry.yaml'), '');
    const port = await freePort();
    const args = [
      '--config=belfry.yaml',
      '--data=data',
      `--listen=127.0.0.1:${port}`,
      `--web.config.file=${web}`,
    ];
    const belfry = spawn(EXECUTABLE, ['serve', ...args], { cwd: folder, stdio: 'ignore' });
    const ended = once(belfry, 'exit');
    stack.defer(async () => {
      belfry.kill('SIGKILL');
      await ended;
    });
    /** The status, or what TLS says instead. */
    const ask = async (own?: { cert: string; key: string }): Promise<number | string> => {
      const options = {
        ca: server!.cert,
        servername: 'server.test',
        agent: false,
        cert: own?.cert,
        key: own?.key,
      };
      const request = https.get(`https://127.0.0.1:${port}/-/ready`, options);
      try {
        const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
        return response.resume().statusCode!;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code ?? String(error);
      }
    };
    await eventually('it is ready', async () => (await ask(client)) === 200);
    for (const own of [undefined, stranger]) {
      const answer = await ask(own);
      // Whichever end is first to close: an alert of TLS, or a connection that is gone.
      expect(answer).toSatisfy(
        (text: unknown) => /^(ERR_SSL_|ECONNRESET|EPIPE)/.test(String(text)),
        String(answer),
      );
    }
    const plain = await fetch(`http://127.0.0.1:${port}/-/ready`).then(
      (answer) => answer.status,
      () => 'refused',
    );
    expect(plain).not.toBe(200);
  },
);

test('a password that changes in the configuration, and a reload, end the logins with the old one', async () => {
  await using stack = new AsyncDisposableStack();
  const { belfry, config } = await site(stack);
  const login = await fetch(`${belfry.url}/api/login`, {
    method: 'POST',
    headers: { origin: belfry.url, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'ada', password: 'all mine' }),
  });
  const cookie = login.headers.get('set-cookie')!.split(';')[0]!;
  const me = async () => (await fetch(`${belfry.url}/api/me`, { headers: { cookie } })).status;
  expect(await me()).toBe(200);
  const hash = runToEnd(['hash-password'], { input: 'another\n' }).stdout.trim();
  fs.writeFileSync(
    config,
    fs.readFileSync(config, 'utf8').replace(/(?<=ada: .*password_hash: ')[^']+/, () => hash),
  );
  belfry.kill('SIGHUP');
  await eventually('the login ended', async () => (await me()) === 401);
});
