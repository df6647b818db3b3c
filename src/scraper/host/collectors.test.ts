import { expect, test } from 'vitest';
import { writeTextPage } from '../../exposition/text-writer.ts';
import { fakeClock } from '../../testing/fake-clock.ts';
import { conntrackCollector } from './conntrack.ts';
import { cpuCollector } from './cpu.ts';
import { cpufreqCollector } from './cpufreq.ts';
import { diskstatsCollector } from './diskstats.ts';
import { type AskSpace, filesystemCollector } from './filesystem.ts';
import type { HostCollector } from './host-collector.ts';
import type { HostFiles } from './host-files.ts';
import { hwmonCollector } from './hwmon.ts';
import { meminfoCollector } from './meminfo.ts';
import { parseMounts } from './mounts.ts';
import { netdevCollector } from './netdev.ts';
import { netstatCollector } from './netstat.ts';
import { osCollector } from './os.ts';
import { pressureCollector } from './pressure.ts';
import { sockstatCollector } from './sockstat.ts';
import { statCollector } from './stat.ts';
import { textfileCollector } from './textfile.ts';
import { unameCollector } from './uname.ts';
import { vmstatCollector } from './vmstat.ts';

function filesOf(contents: Record<string, string>): HostFiles & { contents: Record<string, string> } {
  return {
    contents,
    read(path) {
      const text = contents[path];
      if (text === undefined) throw new Error(`ENOENT: ${path}`);
      return text;
    },
    readIfPresent: (path) => contents[path],
    readBytesIfPresent: (path) =>
      contents[path] === undefined ? undefined : Buffer.from(contents[path], 'latin1'),
    list(path) {
      const below = Object.keys(contents).filter((file) => file.startsWith(`${path}/`));
      const names = below.map((file) => file.slice(path.length + 1).split('/')[0]!);
      return below.length === 0 ? undefined : [...new Set(names)];
    },
    realPath: (path) => contents[`link ${path}`],
    modifiedMs: () => 1500,
  };
}

/** The samples as they would stand on the page. */
async function samplesOf(collector: HostCollector): Promise<string[]> {
  const page = writeTextPage(await collector.collect());
  return page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('cpu times, guests among them, which never fall', async () => {
  const files = filesOf({
    '/proc/stat': 'cpu  9 9 9 9\ncpu0 100 200 300 1000 500 6 7 8 9 10\ncpu1 1 2 3 4 5 6 7\nintr 1\n',
  });
  const cpu = cpuCollector(files);
  const first = await samplesOf(cpu);
  expect(first).toContain('node_cpu_seconds_total{cpu="0",mode="idle"} 10');
  expect(first).toContain('node_cpu_seconds_total{cpu="0",mode="steal"} 0.08');
  expect(first).toContain('node_cpu_seconds_total{cpu="1",mode="steal"} 0');
  expect(first).toContain('node_cpu_guest_seconds_total{cpu="0",mode="nice"} 0.1');
  expect(first).toHaveLength(20);
  files.contents['/proc/stat'] = 'cpu0 101 200 300 999 400 6 7 8 9 10\n';
  const second = await samplesOf(cpu);
  expect(second).toContain('node_cpu_seconds_total{cpu="0",mode="user"} 1.01');
  expect(second).toContain('node_cpu_seconds_total{cpu="0",mode="idle"} 10');
  expect(second).toContain('node_cpu_seconds_total{cpu="0",mode="iowait"} 5');
  files.contents['/proc/stat'] = 'cpu0 1 2 3 4 5 6 7 8 9 10\n';
  expect(await samplesOf(cpu)).toContain('node_cpu_seconds_total{cpu="0",mode="idle"} 0.04');
});

test('kernel counters', async () => {
  const files = filesOf({
    '/proc/stat':
      'cpu 1\nintr 1592917 0 0 25\nctxt 322\nbtime 1795416346\nprocesses 19092\nprocs_running 2\nprocs_blocked 0\n',
  });
  expect(await samplesOf(statCollector(files))).toEqual([
    'node_intr_total 1592917',
    'node_context_switches_total 322',
    'node_boot_time_seconds 1795416346',
    'node_forks_total 19092',
    'node_procs_running 2',
    'node_procs_blocked 0',
  ]);
});

test('every line of meminfo', async () => {
  const files = filesOf({
    '/proc/meminfo':
      'MemTotal:       3 kB\nActive(anon):        2 kB\nHugePages_Total:       4\nHugetlb:               0 kB\n',
  });
  expect(await samplesOf(meminfoCollector(files))).toEqual([
    'node_memory_MemTotal_bytes 3072',
    'node_memory_Active_anon_bytes 2048',
    'node_memory_HugePages_Total 4',
    'node_memory_Hugetlb_bytes 0',
  ]);
});

test('disks of new and old kernels', async () => {
  const files = filesOf({
    '/proc/diskstats':
      '   8       0 sda 1 2 3 4000 5 6 7 8000 9 10000 11000 12 13 14 15000 16 17000\n   8      16 sdb 1 2 3 4 5 6 7 8 9 10 11\n   7 0 loop0 0\n',
    '/run/udev/data/b8:0':
      'S:disk\nE:ID_MODEL=Fast_SSD\nE:ID_SERIAL_SHORT=of the bridge\nE:SCSI_IDENT_SERIAL=abc\nE:ID_WWN=0x5\nE:ID_PATH=pci-1\nE:ID_REVISION=2\n',
  });
  const lines = await samplesOf(diskstatsCollector(files, (device) => device.startsWith('loop')));
  expect(lines.filter((line) => line.includes('"sda"'))).toEqual([
    'node_disk_info{device="sda",major="8",minor="0",model="Fast_SSD",path="pci-1",revision="2",serial="abc",wwn="0x5"} 1',
    'node_disk_reads_completed_total{device="sda"} 1',
    'node_disk_reads_merged_total{device="sda"} 2',
    'node_disk_read_bytes_total{device="sda"} 1536',
    'node_disk_read_time_seconds_total{device="sda"} 4',
    'node_disk_writes_completed_total{device="sda"} 5',
    'node_disk_writes_merged_total{device="sda"} 6',
    'node_disk_written_bytes_total{device="sda"} 3584',
    'node_disk_write_time_seconds_total{device="sda"} 8',
    'node_disk_io_now{device="sda"} 9',
    'node_disk_io_time_seconds_total{device="sda"} 10',
    'node_disk_io_time_weighted_seconds_total{device="sda"} 11',
    'node_disk_discards_completed_total{device="sda"} 12',
    'node_disk_discards_merged_total{device="sda"} 13',
    'node_disk_discarded_sectors_total{device="sda"} 14',
    'node_disk_discard_time_seconds_total{device="sda"} 15',
    'node_disk_flush_requests_total{device="sda"} 16',
    'node_disk_flush_requests_time_seconds_total{device="sda"} 17',
  ]);
  expect(lines.filter((line) => line.includes('"sdb"'))).toHaveLength(12);
  expect(lines.some((line) => line.includes('loop'))).toBe(false);
});

test('network interfaces, aliases among them', async () => {
  const files = filesOf({
    '/proc/net/dev': `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
eth0:1:18446744073709551615 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
`,
    '/sys/class/net/lo/statistics/rx_nohandler': '17\n',
  });
  const lines = await samplesOf(netdevCollector(files, () => false));
  expect(lines.filter((line) => line.includes('"lo"'))).toEqual([
    'node_network_receive_bytes_total{device="lo"} 1',
    'node_network_receive_packets_total{device="lo"} 2',
    'node_network_receive_errs_total{device="lo"} 3',
    'node_network_receive_drop_total{device="lo"} 4',
    'node_network_receive_fifo_total{device="lo"} 5',
    'node_network_receive_frame_total{device="lo"} 6',
    'node_network_receive_compressed_total{device="lo"} 7',
    'node_network_receive_multicast_total{device="lo"} 8',
    'node_network_transmit_bytes_total{device="lo"} 9',
    'node_network_transmit_packets_total{device="lo"} 10',
    'node_network_transmit_errs_total{device="lo"} 11',
    'node_network_transmit_drop_total{device="lo"} 12',
    'node_network_transmit_fifo_total{device="lo"} 13',
    'node_network_transmit_colls_total{device="lo"} 14',
    'node_network_transmit_carrier_total{device="lo"} 15',
    'node_network_transmit_compressed_total{device="lo"} 16',
    'node_network_receive_nohandler_total{device="lo"} 17',
  ]);
  expect(lines).toContain('node_network_receive_bytes_total{device="eth0:1"} 18446744073709552000');
  expect(await samplesOf(netdevCollector(files, () => true))).toEqual([]);
});

test('pressure, on kernels that know it and on those that do not', async () => {
  const files = filesOf({
    '/proc/pressure/io':
      'some avg10=0.00 avg60=0.00 avg300=0.00 total=4156114\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=3500000\n',
  });
  expect(await samplesOf(pressureCollector(files))).toEqual([
    'node_pressure_io_waiting_seconds_total 4.156114',
    'node_pressure_io_stalled_seconds_total 3.5',
  ]);
});

test('names of the system', async () => {
  const files = filesOf({
    '/proc/sys/kernel/ostype': 'Linux\n',
    '/proc/sys/kernel/osrelease': '6.1\n',
    '/proc/sys/kernel/version': '#1 SMP\n',
    '/proc/sys/kernel/hostname': 'vm\n',
    '/proc/sys/kernel/domainname': '(none)\n',
  });
  expect(await samplesOf(unameCollector(files, 'x86_64'))).toEqual([
    'node_uname_info{domainname="(none)",machine="x86_64",nodename="vm",release="6.1",sysname="Linux",version="#1 SMP"} 1',
  ]);
});

test('the selection of vmstat', async () => {
  const files = filesOf({
    '/proc/vmstat': 'nr_free_pages 1\npgpgin 2\npswpout 3\npgmajfault 4\noom_kill 5\npgsteal 6\n',
  });
  expect(await samplesOf(vmstatCollector(files))).toEqual([
    'node_vmstat_pgpgin 2',
    'node_vmstat_pswpout 3',
    'node_vmstat_pgmajfault 4',
    'node_vmstat_oom_kill 5',
  ]);
});

test('sockets, with and without IPv6, in pages of the kernel', async () => {
  const files = filesOf({
    '/proc/net/sockstat':
      'sockets: used 142\nTCP: inuse 16 orphan 0 tw 184 alloc 16 mem 2\nFRAG: inuse 0 memory 0\n',
    '/proc/self/smaps':
      '00400000-00452000 r-xp 00000000 08:02 173521 /bin/x\nSize: 328 kB\nKernelPageSize:       64 kB\n',
  });
  expect(await samplesOf(sockstatCollector(files))).toEqual([
    'node_sockstat_sockets_used 142',
    'node_sockstat_TCP_inuse 16',
    'node_sockstat_TCP_orphan 0',
    'node_sockstat_TCP_tw 184',
    'node_sockstat_TCP_alloc 16',
    'node_sockstat_TCP_mem 2',
    'node_sockstat_TCP_mem_bytes 131072',
    'node_sockstat_FRAG_inuse 0',
    'node_sockstat_FRAG_memory 0',
  ]);
  files.contents['/proc/net/sockstat6'] = 'TCP6: inuse 3\n';
  expect(await samplesOf(sockstatCollector(files))).toContain('node_sockstat_TCP6_inuse 3');
});

test('the selection of protocol counters', async () => {
  const files = filesOf({
    '/proc/net/netstat':
      'TcpExt: SyncookiesSent PruneCalled ListenDrops\nTcpExt: 1 2 3\nIpExt: InOctets\nIpExt: 4\n',
    '/proc/net/snmp': 'Tcp: MaxConn CurrEstab\nTcp: -1 5\n',
    '/proc/net/snmp6': 'Ip6InReceives 1\nIp6InOctets                 6\nUdp6NoPorts 7\n',
  });
  expect(await samplesOf(netstatCollector(files))).toEqual([
    'node_netstat_TcpExt_SyncookiesSent 1',
    'node_netstat_TcpExt_ListenDrops 3',
    'node_netstat_IpExt_InOctets 4',
    'node_netstat_Tcp_CurrEstab 5',
    'node_netstat_Ip6_InOctets 6',
    'node_netstat_Udp6_NoPorts 7',
  ]);
});

test('tracked connections, summed over the CPUs; nothing without a firewall', async () => {
  const files = filesOf({});
  expect(await samplesOf(conntrackCollector(files))).toEqual([]);
  files.contents['/proc/sys/net/netfilter/nf_conntrack_count'] = '12\n';
  files.contents['/proc/sys/net/netfilter/nf_conntrack_max'] = '100\n';
  files.contents['/proc/net/stat/nf_conntrack'] =
    'entries  found drop\n0000000c  00000010 00000001\n0000000c  00000001 00000000\n';
  expect(await samplesOf(conntrackCollector(files))).toEqual([
    'node_nf_conntrack_entries 12',
    'node_nf_conntrack_entries_limit 100',
    'node_nf_conntrack_stat_found 17',
    'node_nf_conntrack_stat_drop 1',
  ]);
});

test('the distribution', async () => {
  const files = filesOf({ '/usr/lib/os-release': 'NAME="A \\"B\\""\nID=a\nVERSION_ID="22.04.1"\n# note\n' });
  expect(await samplesOf(osCollector(files))).toEqual([
    'node_os_info{build_id="",id="a",id_like="",image_id="",image_version="",name="A \\"B\\"",pretty_name="",variant="",variant_id="",version="",version_codename="",version_id="22.04.1"} 1',
    'node_os_version{id="a",id_like="",name="A \\"B\\""} 22.04',
  ]);
});

test('mounts, with blanks in their names', () => {
  expect(
    parseMounts(
      '/dev/sda1 /my\\040disk\\134x ext4 ro,relatime 0 0\n/dev/sda1 /my\\040disk\\134x ext4 rw 0 0\nnone /p proc rw,errors=remount-ro 0 0\n',
    ),
  ).toEqual([
    { device: '/dev/sda1', mountPoint: '/my disk\\x', fsType: 'ext4', isReadOnly: false },
    { device: 'none', mountPoint: '/p', fsType: 'proc', isReadOnly: false },
  ]);
});

const space = { bsize: 4096, blocks: 100, bfree: 50, bavail: 40, files: 10, ffree: 5 };

function fileSystems(mounts: string, ask: AskSpace, ofFirst?: string) {
  const clock = fakeClock();
  const collector = filesystemCollector({
    files: filesOf({
      '/proc/self/mounts': mounts,
      ...(ofFirst === undefined ? {} : { '/proc/1/mounts': ofFirst }),
    }),
    clock,
    isMountExcluded: (mountPoint) => mountPoint.startsWith('/sys'),
    isTypeExcluded: (fsType) => fsType === 'proc',
    ask,
  });
  return { clock, collect: () => samplesOf(collector) };
}

test('space of the file systems that are not left out', async () => {
  const { collect } = fileSystems(
    '/dev/a / ext4 ro 0 0\np /proc proc rw 0 0\ns /sys/x tmpfs rw 0 0\n',
    async () => space,
  );
  const labels = '{device="/dev/a",fstype="ext4",mountpoint="/"}';
  expect(await collect()).toEqual([
    `node_filesystem_size_bytes${labels} 409600`,
    `node_filesystem_free_bytes${labels} 204800`,
    `node_filesystem_avail_bytes${labels} 163840`,
    `node_filesystem_files${labels} 10`,
    `node_filesystem_files_free${labels} 5`,
    `node_filesystem_readonly${labels} 1`,
    `node_filesystem_device_error${labels} 0`,
  ]);
});

test('the mounts are those of the first process, where they can be read', async () => {
  const { collect } = fileSystems('/dev/a / ext4 rw 0 0\n', async () => space, '/dev/b /b ext4 rw 0 0\n');
  const lines = await collect();
  expect(lines.filter((line) => line.includes('device_error'))).toEqual([
    'node_filesystem_device_error{device="/dev/b",fstype="ext4",mountpoint="/b"} 0',
  ]);
});

test('a mount that does not answer costs a second once, is not asked again, and comes back', async () => {
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const { clock, collect } = fileSystems('a /a nfs rw 0 0\nb /b ext4 rw 0 0\n', (mountPoint) => {
    asked.push(mountPoint);
    if (mountPoint === '/b') return Promise.resolve(space);
    return new Promise((resolve) => answers.push(() => resolve(space)));
  });
  const error = (mountPoint: string, value: number): string =>
    `node_filesystem_device_error{device="${mountPoint[1]}",fstype="${mountPoint === '/a' ? 'nfs' : 'ext4'}",mountpoint="${mountPoint}"} ${value}`;
  const first = collect();
  await clock.advance(1000);
  expect(await first).toEqual(expect.arrayContaining([error('/a', 1), error('/b', 0)]));
  expect(await collect()).toEqual(expect.arrayContaining([error('/a', 1), error('/b', 0)]));
  expect(asked).toEqual(['/a', '/b', '/b']);
  answers[0]!();
  await clock.advance(0);
  const third = collect();
  await clock.advance(0);
  answers[1]!();
  expect(await third).toEqual(expect.arrayContaining([error('/a', 0), error('/b', 0)]));
});

test('with two mounts hanging no others are asked, so that threads remain for everyone else', async () => {
  const asked: string[] = [];
  const { clock, collect } = fileSystems(
    'a /a nfs rw 0 0\nb /b nfs rw 0 0\nc /c ext4 rw 0 0\n',
    (mountPoint) => {
      asked.push(mountPoint);
      return new Promise(() => {});
    },
  );
  const first = collect();
  await clock.advance('5s');
  await first;
  expect(asked).toEqual(['/a', '/b']);
});

test('frequencies of the CPUs, in hertz, and which governor sets them', async () => {
  const folder = '/sys/devices/system/cpu/cpu1/cpufreq';
  const files = filesOf({
    '/sys/devices/system/cpu/cpu0/online': '1',
    [`${folder}/scaling_cur_freq`]: '1600000\n',
    [`${folder}/cpuinfo_max_freq`]: '3400000\n',
    [`${folder}/cpuinfo_cur_freq`]: '<unknown>\n',
    [`${folder}/scaling_governor`]: 'powersave\n',
    [`${folder}/scaling_available_governors`]: 'performance powersave \n',
  });
  expect(await samplesOf(cpufreqCollector(files))).toEqual([
    'node_cpu_frequency_max_hertz{cpu="1"} 3400000000',
    'node_cpu_scaling_frequency_hertz{cpu="1"} 1600000000',
    'node_cpu_scaling_governor{cpu="1",governor="performance"} 0',
    'node_cpu_scaling_governor{cpu="1",governor="powersave"} 1',
  ]);
  expect(await samplesOf(cpufreqCollector(filesOf({})))).toEqual([]);
});

test('sensors of the hardware, by the bus and device they sit on', async () => {
  const files = filesOf({
    '/sys/class/hwmon/hwmon3/name': 'coretemp\n',
    '/sys/class/hwmon/hwmon3/temp1_input': '43500\n',
    '/sys/class/hwmon/hwmon3/temp1_crit': '100000\n',
    '/sys/class/hwmon/hwmon3/temp1_crit_alarm': '0\n',
    '/sys/class/hwmon/hwmon3/temp1_label': 'Package id 0\n',
    '/sys/class/hwmon/hwmon3/fan2_input': '1200\n',
    '/sys/class/hwmon/hwmon3/fan2_alarm': '1\n',
    '/sys/class/hwmon/hwmon3/fan2_pulses': '2\n',
    '/sys/class/hwmon/hwmon3/in0_input': '1104\n',
    '/sys/class/hwmon/hwmon3/in1_input': 'N/A\n',
    '/sys/class/hwmon/hwmon3/temp2_input': 'asleep',
    '/sys/class/hwmon/hwmon3/device/in2_input': '3300\n',
    '/sys/class/hwmon/hwmon3/uevent': '',
    'link /sys/class/hwmon/hwmon3/device': '/sys/devices/platform/coretemp.0',
    '/sys/class/hwmon/hwmon4/name': 'acpitz\n',
    '/sys/class/hwmon/hwmon4/temp1_input': '27800\n',
  });
  const readIfPresent = (path: string): string | undefined => {
    if (files.contents[path] === 'asleep') throw new Error('EAGAIN: resource temporarily unavailable, read');
    return files.contents[path];
  };
  expect((await samplesOf(hwmonCollector({ ...files, readIfPresent }))).sort()).toEqual([
    'node_hwmon_chip_names{chip="acpitz",chip_name="acpitz"} 1',
    'node_hwmon_chip_names{chip="platform_coretemp_0",chip_name="coretemp"} 1',
    'node_hwmon_fan_alarm{chip="platform_coretemp_0",sensor="fan2"} 1',
    'node_hwmon_fan_pulses{chip="platform_coretemp_0",sensor="fan2"} 2',
    'node_hwmon_fan_rpm{chip="platform_coretemp_0",sensor="fan2"} 1200',
    'node_hwmon_in_volts{chip="platform_coretemp_0",sensor="in0"} 1.104',
    'node_hwmon_in_volts{chip="platform_coretemp_0",sensor="in2"} 3.3',
    'node_hwmon_sensor_label{chip="platform_coretemp_0",sensor="temp1",label="Package id 0"} 1',
    'node_hwmon_temp_celsius{chip="acpitz",sensor="temp1"} 27.8',
    'node_hwmon_temp_celsius{chip="platform_coretemp_0",sensor="temp1"} 43.5',
    'node_hwmon_temp_crit_alarm_celsius{chip="platform_coretemp_0",sensor="temp1"} 0',
    'node_hwmon_temp_crit_celsius{chip="platform_coretemp_0",sensor="temp1"} 100',
  ]);
});

test('files of a folder that are too long together are left out', () => {
  const problems: string[] = [];
  const files = filesOf({
    '/text/a.prom': 'a 1\n',
    '/text/b.prom': `b 1\n#${' '.repeat(4 * 2 ** 20)}\n`,
    '/text/c.prom': 'c 1\n',
  });
  const collector = textfileCollector(files, '/text', (file, problem) =>
    problems.push(`${file}: ${problem}`),
  );
  expect(collector.collect().text).toBe('a 1\nc 1\n');
  expect(problems).toEqual(['/text/b.prom: more than 4194304 bytes of metrics']);
});

test('files of a folder are taken as they are; one that cannot be read costs only itself', () => {
  const problems: string[] = [];
  const files = filesOf({
    '/text/backup.prom': '# TYPE backup_seconds gauge\nbackup_seconds{job="db"} 12',
    '/text/broken.prom': 'broken{ 1\n',
    '/text/timed.prom': 'timed 1 1600000000000\n',
    '/text/notes.txt': 'nothing',
  });
  const collector = textfileCollector(files, '/text', (file, problem) =>
    problems.push(`${file}: ${problem}`),
  );
  const { families, text } = collector.collect();
  expect(text).toBe('# TYPE backup_seconds gauge\nbackup_seconds{job="db"} 12\n');
  const page = writeTextPage(families);
  expect(page).toContain('node_textfile_mtime_seconds{file="/text/backup.prom"} 1.5\n');
  expect(page).toContain('node_textfile_scrape_error 1\n');
  expect(problems).toEqual([
    expect.stringMatching(/^\/text\/broken.prom: /),
    '/text/timed.prom: expected samples without timestamps',
  ]);
  expect(() => textfileCollector(filesOf({}), '/none', () => {}).collect()).toThrow('no such folder: /none');
});
