import { promises as dns } from 'node:dns';
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../clock.ts';
import type { DnsSdConfig } from '../../config/discovery/dns.ts';
import type { Discoverer, LabelRecord, TargetGroup } from './discoverer.ts';
import { joinHostPort } from './meta-labels.ts';
import { refreshingDiscoverer } from './refresh.ts';

/** How this host resolves names. */
export interface DnsSystem {
  resolver(): dns.Resolver;
  /** The text of resolv.conf. */
  settings(): Promise<string>;
}

export const hostDns: DnsSystem = {
  resolver: () => new dns.Resolver(),
  settings: () => readFile('/etc/resolv.conf', 'utf8').catch(() => ''),
};

/** Targets from DNS records. A name that cannot be looked up keeps what it gave before. */
export function dnsDiscoverer(
  config: DnsSdConfig,
  deps: { readonly clock: Clock; readonly dns: DnsSystem },
): Discoverer {
  const last = new Map<string, TargetGroup>();
  return {
    run: (sink, signal) =>
      refreshingDiscoverer({
        clock: deps.clock,
        intervalMs: config.refresh_interval,
        async ask(cut) {
          const resolver = deps.dns.resolver();
          cut.addEventListener('abort', () => resolver.cancel(), { once: true });
          const search = searchList(await deps.dns.settings());
          const outcomes = await Promise.allSettled(
            config.names.map(async (name) => {
              const records = await lookUp(resolver, name, search, config);
              last.set(name, {
                source: name,
                targets: records.map((record) => targetOf(record, name)),
                labels: {},
              });
            }),
          );
          const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
          const problems = failed.map(({ reason }) => (reason as Error).message);
          sink.update([...last.values()]);
          if (problems.length > 0) throw new Error(problems.join('; '));
          return undefined;
        },
      }).run(sink, signal),
  };
}

interface DnsRecord {
  readonly address: string;
  readonly srvTarget?: string;
  readonly srvPort?: string;
  readonly mxTarget?: string;
  readonly nsTarget?: string;
}

function targetOf(record: DnsRecord, name: string): LabelRecord {
  return {
    __address__: record.address,
    __meta_dns_name: name,
    __meta_dns_srv_record_target: record.srvTarget ?? '',
    __meta_dns_srv_record_port: record.srvPort ?? '',
    __meta_dns_mx_record_target: record.mxTarget ?? '',
    __meta_dns_ns_record_target: record.nsTarget ?? '',
  };
}

/**
 * The first candidate that exists counts, even without records of the type. When none exists there are no targets.
 * @throws Error when one of them could not be asked for and none exists
 */
async function lookUp(
  resolver: dns.Resolver,
  name: string,
  search: SearchList,
  config: DnsSdConfig,
): Promise<readonly DnsRecord[]> {
  let failure: Error | undefined;
  for (const candidate of candidates(name, search)) {
    try {
      return await records(resolver, candidate, config);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENODATA') return [];
      if (code !== 'ENOTFOUND') failure = error as Error;
    }
  }
  if (failure) throw new Error(`cannot look up ${name}: ${failure.message}`);
  return [];
}

async function records(
  resolver: dns.Resolver,
  name: string,
  { type, port }: DnsSdConfig,
): Promise<readonly DnsRecord[]> {
  // Node leaves the final dot out; upstream's labels have it, its addresses do not.
  const rooted = (host: string): string => (host.endsWith('.') ? host : `${host}.`);
  const at = (host: string, atPort = port): string => joinHostPort(host.replace(/\.$/, ''), atPort);
  switch (type) {
    case 'A':
      return (await resolver.resolve4(name)).map((host) => ({ address: at(host) }));
    case 'AAAA':
      return (await resolver.resolve6(name)).map((host) => ({ address: at(host) }));
    case 'SRV':
      return (await resolver.resolveSrv(name)).map((srv) => ({
        address: at(srv.name, srv.port),
        srvTarget: rooted(srv.name),
        srvPort: String(srv.port),
      }));
    case 'MX':
      return (await resolver.resolveMx(name)).map(({ exchange }) => ({
        address: at(exchange),
        mxTarget: rooted(exchange),
      }));
    case 'NS':
      return (await resolver.resolveNs(name)).map((host) => ({ address: at(host), nsTarget: rooted(host) }));
  }
}

export interface SearchList {
  readonly domains: readonly string[];
  /** A name with so many dots is tried as it is first. */
  readonly dots: number;
}

/** The search domains of a resolv.conf; the last `search` or `domain` counts. */
export function searchList(text: string): SearchList {
  let domains: string[] = [];
  let dots = 1;
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === 'search') domains = rest;
    else if (word === 'domain') domains = rest.slice(0, 1);
    else if (word === 'options') {
      const given = rest
        .map((option) => /^ndots:(\d+)$/.exec(option)?.[1])
        .find((found) => found !== undefined);
      if (given !== undefined) dots = Math.min(15, Number(given));
    }
  }
  return { domains, dots };
}

/** The names to try for a name, in turn. */
export function candidates(name: string, { domains, dots }: SearchList): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const searched = domains.map((domain) => `${name}.${domain.replace(/\.$/, '')}`);
  const isFull = name.split('.').length - 1 >= dots;
  return isFull ? [name, ...searched] : [...searched, name];
}
