import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { madeOnce } from './cache.mjs';
import { freePorts, startAgain } from './processes.mjs';

/*
 * Kafka in KRaft mode from Maven Central: jars of one version, one to three brokers that are controllers too, on loopback. Every broker's
 * folder has a `start.json`, `{ command, args, log }`, with which a broker that was killed can be started again as it was.
 */

const version = '4.1.0';
const readyWithinMs = 120_000;
const logFile = 'kafka.log';

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>minvar</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${version}</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.24.3</version></dependency>
  </dependencies>
</project>
`;

const log4j = `status = warn
appender.console.type = Console
appender.console.name = out
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %p %m (%c)%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
`;

const has = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** Copies the jars into the cache, once. Answers their folder. */
const install = ({ cache, say }) =>
  madeOnce(join(cache, 'servers', `kafka-${version}`), async (building) => {
    say(`Kafka ${version}: fetching its jars from Maven Central (43 MB)`);
    await writeFile(join(building, 'pom.xml'), pom);
    const maven = spawnSync('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=libs'], {
      cwd: building,
      encoding: 'utf8',
    });
    if (maven.status !== 0)
      throw new Error(`Maven could not fetch Kafka ${version}:\n${maven.stdout}${maven.stderr}${maven.error ?? ''}`);
    await writeFile(join(building, 'libs', 'log4j2.properties'), log4j);
    return join(building, 'libs');
  });

const java = (installed, ...args) => [
  '-Xmx512m',
  '-XX:+UseSerialGC',
  `-Dlog4j2.configurationFile=${join(installed, 'log4j2.properties')}`,
  '-cp',
  `${installed}/*`,
  ...args,
];

/** One broker of `dir`, formatted; its start.json says how it is started. */
async function prepareBroker({ installed, dir, id, ports, voters, clusterId, brokers }) {
  const own = join(dir, `kafka-${id}`);
  await mkdir(own, { recursive: true });
  const properties = join(own, 'server.properties');
  const replicas = Math.min(3, brokers);
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.quorum.voters': voters,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${ports.client},CONTROLLER://127.0.0.1:${ports.controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${ports.client}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(own, 'data'),
    'auto.create.topics.enable': false,
    'default.replication.factor': replicas,
    'min.insync.replicas': replicas > 2 ? 2 : 1,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': 1,
    // Tests make many groups and topics, small ones: waiting for members to come and large caches for cleaning help nobody here.
    'group.initial.rebalance.delay.ms': 0,
    // A broker that is killed and started again is taken back when its session has ended.
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    'log.cleaner.dedupe.buffer.size': 4 * 1024 * 1024,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'controlled.shutdown.enable': true,
  };
  await writeFile(
    properties,
    Object.entries(settings)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  const formatted = spawnSync(
    'java',
    java(installed, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties),
    {
      encoding: 'utf8',
    },
  );
  if (formatted.status !== 0)
    throw new Error(`Kafka's storage could not be formatted:\n${formatted.stdout}${formatted.stderr}`);
  const start = { command: 'java', args: java(installed, 'kafka.Kafka', properties), log: join(own, logFile) };
  await writeFile(join(own, 'start.json'), `${JSON.stringify(start, null, 2)}\n`);
  return own;
}

/** Starts the broker of a folder, `DIR/kafka-<id>`, in the background: also one that was killed. Its pid is kept in the folder. */
export async function startBroker(own) {
  const child = startAgain(own);
  if (child.pid) await writeFile(join(own, 'pid'), `${child.pid}\n`);
  let problem = null;
  child.once('error', (error) => (problem = error));
  child.once('exit', (code, signal) => (problem ??= new Error(`it ended with ${signal ?? `exit code ${code}`}`)));
  return { pid: child.pid, log: join(own, logFile), problem: () => problem };
}

/** Resolves when every broker is in the metadata and a group's coordinator answers. */
async function untilReady({ brokers, started, what }) {
  const kafka = new Kafka({ clientId: 'minvar-servers', brokers, logLevel: logLevel.NOTHING, retry: { retries: 0 } });
  const until = Date.now() + readyWithinMs;
  for (;;) {
    const dead = started.find((one) => one.problem());
    const admin = kafka.admin();
    try {
      if (dead) throw dead.problem();
      await admin.connect();
      const found = (await admin.describeCluster()).brokers.length;
      if (found < brokers.length) throw new Error(`${found} of ${brokers.length} brokers are there`);
      await admin.fetchOffsets({ groupId: 'minvar-readiness', topics: [] });
      return;
    } catch (error) {
      if (dead || Date.now() > until) {
        const log = await readFile((dead ?? started[0]).log, 'utf8').catch(() => '');
        throw new Error(`${what} does not answer: ${error.message}\n${log.slice(-3000)}`, { cause: error });
      }
    } finally {
      await admin.disconnect().catch(() => {});
    }
    await new Promise((next) => setTimeout(next, 250));
  }
}

async function start({ installed, dir, say, options = {} }) {
  const count = Number(options.brokers ?? 1);
  if (!Number.isInteger(count) || count < 1 || count > 3)
    throw new Error(`--brokers is ${options.brokers}: 1, 2 or 3 brokers can be started`);
  say(`Kafka ${version}: starting ${count === 1 ? 'one broker' : `${count} brokers`}`);
  const free = await freePorts(2 * count);
  const ids = Array.from({ length: count }, (_, i) => i + 1);
  const ports = ids.map((_, i) => ({ client: free[2 * i], controller: free[2 * i + 1] }));
  const voters = ids.map((id, i) => `${id}@127.0.0.1:${ports[i].controller}`).join(',');
  const clusterId = 'bWludmFyLXRlc3RzLTAwMA';
  const folders = await Promise.all(
    ids.map((id, i) => prepareBroker({ installed, dir, id, ports: ports[i], voters, clusterId, brokers: count })),
  );
  const started = await Promise.all(folders.map(startBroker));
  const brokers = ports.map(({ client }) => `127.0.0.1:${client}`);
  try {
    await untilReady({ brokers, started, what: `Kafka ${version}` });
  } catch (error) {
    for (const { pid } of started) if (pid) process.kill(pid, 'SIGKILL');
    throw error;
  }
  return { pids: started.map(({ pid }) => pid), settings: { MINVAR_KAFKA_BROKERS: brokers.join(',') } };
}

async function missing() {
  const tools = [];
  if (!has('java', ['-version'])) tools.push('a Java runtime, 17 or newer (apt-get install openjdk-17-jre-headless)');
  if (!has('mvn', ['-v'])) tools.push('Maven, to fetch Kafka (apt-get install maven)');
  return tools;
}

export const server = { name: 'kafka', install, start, missing };
