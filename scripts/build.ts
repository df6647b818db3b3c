/** Builds `dist/belfry`, one executable: page, bundle, package. `node scripts/build.ts [linux-x64]` */
import fs from 'node:fs';
import { buildWeb } from './build-web.ts';
import { bundle } from './bundle.ts';
import { pack } from './pack.ts';
import { recordCode } from './record-code.ts';

const target = process.argv[2] ?? `linux-${process.arch}`;
const { version } = JSON.parse(fs.readFileSync('package.json', 'utf8')) as { version: string };
const output = target === `linux-${process.arch}` ? 'dist/belfry' : `dist/belfry-${target}`;

await buildWeb();
await bundle('dist/stage', target, version);
// What another processor would make of it is not known here.
if (target === `linux-${process.arch}`) await recordCode('dist/stage');
pack('dist/stage', target, output);
console.log(`${output} ${(fs.statSync(output).size / 1e6).toFixed(1)} MB`);
