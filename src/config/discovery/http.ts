import * as z from 'zod';
import { checkHttpClient, completeHttpClient, httpClientShape } from '../http-client.ts';
import { positiveDuration, url } from '../leaves.ts';

export const httpSdConfig = z.lazy(() =>
  z
    .strictObject({
      url: url().describe('Address that answers with a JSON list of targets and labels. Required.'),
      refresh_interval: positiveDuration().prefault('1m').describe('Time between requests.'),
      ...httpClientShape,
    })
    .superRefine(checkHttpClient)
    .transform((keys) => completeHttpClient(keys)),
);
export type HttpSdConfig = z.output<typeof httpSdConfig>;
