import { promises as dns } from 'node:dns';
import { expect, test } from 'vitest';
import { dnsSdConfig } from '../../config/discovery/dns.ts';
import { fakeClock } from '../../testing/fake-clock.ts';
import { runDiscoverer } from './discoverer.fixture.ts';
import { candidates, dnsDiscoverer, searchList } from './dns.ts';
import { dnsServer, type Zone } from './dns-server.fixture.ts';

async function discover(zone: Zone, keys: Record<string, unknown>, settings = '') {
  const clock = fakeClock();
  const server = await dnsServer(zone);
  const system = {
    resolver: () => {
      const resolver = new dns.Resolver({ tries: 1 });
      resolver.setServers([server.address]);
      return resolver;
    },
    settings: () => Promise.resolve(settings),
  };
  const running = runDiscoverer(dnsDiscoverer(dnsSdConfig.parse(keys), { clock, dns: system }));
  return {
    clock,
    server,
    running,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

test('SRV records bring host and port', async () => {
  const zone: Zone = { '_web._tcp.example': { SRV: ['0 1 9100 a.example', '0 1 9200 b.example'] } };
  await using sd = await discover(zone, { names: ['_web._tcp.example'] });
  await sd.running.until(() => sd.running.updates.length > 0);
  const byAddress = sd.running.targets().sort((a, b) => (a.__address__! < b.__address__! ? -1 : 1));
  expect(byAddress).toEqual([
    {
      __address__: 'a.example:9100',
      __meta_dns_name: '_web._tcp.example',
      __meta_dns_srv_record_target: 'a.example.',
      __meta_dns_srv_record_port: '9100',
    },
    {
      __address__: 'b.example:9200',
      __meta_dns_name: '_web._tcp.example',
      __meta_dns_srv_record_target: 'b.example.',
      __meta_dns_srv_record_port: '9200',
    },
  ]);
});

test.each<[type: string, record: string, label: Record<string, string>, address: string]>([
  ['A', '10.0.0.1', {}, '10.0.0.1:9100'],
  ['AAAA', 'fd00:0:0:0:0:0:0:1', {}, '[fd00::1]:9100'],
  ['MX', '10 mail.example', { __meta_dns_mx_record_target: 'mail.example.' }, 'mail.example:9100'],
  ['NS', 'ns.example', { __meta_dns_ns_record_target: 'ns.example.' }, 'ns.example:9100'],
])('%s records are given the port', async (type, record, label, address) => {
  await using sd = await discover(
    { 'a.example': { [type]: [record] } },
    { names: ['a.example'], type, port: 9100 },
  );
  await sd.running.until(() => sd.running.updates.length > 0);
  expect(sd.running.targets()).toEqual([{ __address__: address, __meta_dns_name: 'a.example', ...label }]);
});

test('names are looked up again; one that fails keeps what it gave, one that is gone does not', async () => {
  const zone: Zone = { 'a.example': { A: ['10.0.0.1'] }, 'b.example': { A: ['10.0.1.1'] } };
  await using sd = await discover(zone, { names: ['a.example', 'b.example'], type: 'A', port: 1 });
  await sd.running.until(() => sd.running.addresses().length === 2);
  zone['a.example'] = 'SERVFAIL';
  zone['b.example'] = { A: ['10.0.1.2'] };
  await sd.clock.advance('30s');
  await sd.running.until(() => sd.running.problems.length > 0);
  expect(sd.running.addresses().sort()).toEqual(['10.0.0.1:1', '10.0.1.2:1']);
  expect(sd.running.problems).toEqual(['cannot look up a.example: queryA ESERVFAIL a.example']);
  zone['a.example'] = { AAAA: ['fd00:0:0:0:0:0:0:1'] };
  delete zone['b.example'];
  await sd.clock.advance('30s');
  await sd.running.until(() => sd.running.addresses().length === 0);
  expect(sd.running.problems.at(-1)).toBe('ok');
});

test('search domains are tried as resolv.conf says', async () => {
  const zone: Zone = { 'db.prod.example': { A: ['10.0.0.1'] } };
  const settings = 'nameserver 1.2.3.4\nsearch test.example prod.example.\noptions timeout:1 ndots:2\n';
  await using sd = await discover(zone, { names: ['db'], type: 'A', port: 1 }, settings);
  await sd.running.until(() => sd.running.addresses().length === 1);
  expect(sd.server.asked).toEqual(['db.test.example A', 'db.prod.example A']);
});

test('settings of resolv.conf', () => {
  expect(searchList('search a b\ndomain c\n# search d\noptions ndots:5 rotate')).toEqual({
    domains: ['c'],
    dots: 5,
  });
  expect(searchList('')).toEqual({ domains: [], dots: 1 });
});

test.each([
  ['db', ['db.x', 'db.y', 'db']],
  ['db.a', ['db.a', 'db.a.x', 'db.a.y']],
  ['db.', ['db']],
])('candidates of %s', (name, expected) => {
  expect(candidates(name, { domains: ['x', 'y.'], dots: 1 })).toEqual(expected);
});
