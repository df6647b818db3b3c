import { begin, history } from './import.fixture.ts';

/** A process that imports and kills itself: after argv[3] steps of storing, at 0 before the first. */
const [, , dir, steps] = process.argv;
const target = begin(dir!, history(2, 4));
const storing = target.store();
for (let step = 0; step < Number(steps); step++) storing.next();
process.kill(process.pid, 'SIGKILL');
