import { expect, test } from 'vitest';
import { requestError } from './http-errors.ts';

test.each([
  ['http://u:s3cret@h.test:1/metrics?a=b', 'http://u:xxxxx@h.test:1/metrics?a=b'],
  ['http://u@h.test:1/metrics', 'http://u@h.test:1/metrics'],
])('an error of %s names its address without the password', (url, shown) => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), {
    code: 'ECONNREFUSED',
    syscall: 'connect',
    address: '127.0.0.1',
    port: 1,
  });
  const { message } = requestError(url, refused);
  expect(message).toContain(`Get "${shown}"`);
  expect(message).not.toContain('s3cret');
});
