import { rotateBackups } from './backup.ts';

/** A process that removes all but two backups of argv[2]; made to be killed. */
rotateBackups(process.argv[2]!, 2);
