import * as z from 'zod';
import { checkHttpClient, completeHttpClient, httpClientShape } from '../http-client.ts';
import { positiveDuration, text } from '../leaves.ts';

const SCHEMES = ['unix:', 'tcp:', 'http:', 'https:'];

export const dockerSdConfig = z.lazy(() =>
  z
    .strictObject({
      host: text()
        .superRefine((value, context) => {
          const scheme = URL.parse(value)?.protocol ?? '';
          if (SCHEMES.includes(scheme)) return;
          const message = `expected an address such as "unix:///var/run/docker.sock" or "tcp://host:2375", got ${JSON.stringify(value)}`;
          context.addIssue({ code: 'custom', message, input: value });
        })
        .describe(
          'Docker daemon: `unix:///var/run/docker.sock`, `tcp://…`, `http://…` or `https://…`. Required.',
        ),
      port: z.number().int().min(0).max(65_535).default(80).describe('Port of containers that expose none.'),
      filters: z
        .array(
          z.strictObject({
            name: text().describe('Filter of the Docker API, such as `label`, `status` or `network`.'),
            values: z.array(text()).default([]).describe('Values, one of which must match.'),
          }),
        )
        .default([])
        .describe('Containers looked at; all that run without any.'),
      host_networking_host: text()
        .default('localhost')
        .describe('Address of containers in the network of their host.'),
      match_first_network: z
        .boolean()
        .default(true)
        .describe('Of a container in several networks takes the first by name only.'),
      refresh_interval: positiveDuration().prefault('1m').describe('Time between requests.'),
      ...httpClientShape,
    })
    .superRefine(checkHttpClient)
    .transform((keys) => completeHttpClient(keys)),
);
export type DockerSdConfig = z.output<typeof dockerSdConfig>;
