import { expect, test } from 'vitest';
import { ClusterView } from './cluster-view.ts';
import { podObject } from './objects.fixture.ts';

const NOTHING = { node: false, namespace: false, deployment: false, job: false, cronjob: false } as never;

test('an object whose version is known makes nothing new; one without a version does', () => {
  const view = new ClusterView('pod', NOTHING);
  const put = (resourceVersion: string, ip: string): number => {
    const pod = podObject('a', { ip });
    view.put('pod', { ...pod, metadata: { ...pod.metadata, resourceVersion } });
    return [...view.changes(() => true)].length;
  };
  expect(put('7', '10.0.0.1')).toBe(1);
  expect(put('7', '10.0.0.1')).toBe(0);
  expect(put('8', '10.0.0.2')).toBe(1);
  expect([put('', '10.0.0.2'), put('', '10.0.0.2')]).toEqual([1, 1]);
});
