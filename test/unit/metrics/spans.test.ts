// Runs as spans of OpenTelemetry, as its SDK gets to see them.
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { checkBlockFile, createEngine, type EngineOptions, type StateSource, type Task } from '../../../src/index.ts';
import { findTracer } from '../../../src/metrics/spans.ts';
import { createTraffic } from '../../../src/traffic/index.ts';

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const tracer = provider.getTracer('test');
let block: ReturnType<typeof checkBlockFile>;

beforeAll(async () => {
  block = checkBlockFile((await createTraffic({ transactions: 20 })).file);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
afterEach(() => exporter.reset());
afterAll(() => {
  context.disable();
  trace.disable();
});

async function spansOf(
  telemetry: EngineOptions['telemetry'],
  body: (engine: Awaited<ReturnType<typeof createEngine>>) => PromiseLike<unknown>,
): Promise<ReadableSpan[]> {
  const engine = await createEngine({ workers: 1, threading: 'inline', ...(telemetry !== undefined && { telemetry }) });
  try {
    await body(engine);
  } finally {
    await engine.dispose();
  }
  return exporter.getFinishedSpans();
}

const millisecondsOf = ([seconds, nanoseconds]: readonly [number, number]) => seconds * 1e3 + nanoseconds / 1e6;

test('a block is a span below the active one, with its stages in order, each within it', async () => {
  const before = Date.now();
  let result: Awaited<ReturnType<Awaited<ReturnType<typeof createEngine>>['executeBlock']>> | undefined;
  const spans = await spansOf({ tracer }, (engine) =>
    tracer.startActiveSpan('caller', async (caller) => {
      result = await engine.executeBlock({ ...block, verify: true });
      caller.end();
    }),
  );
  const names = spans.map(({ name }) => name);
  expect(names).toEqual(['pevm.plan', 'pevm.run', 'pevm.decode', 'pevm.verify', 'pevm.execute_block', 'caller']);
  const [root, caller] = spans.slice(-2) as [ReadableSpan, ReadableSpan];
  expect(root.parentSpanContext?.spanId).toBe(caller.spanContext().spanId);
  expect(root.attributes).toEqual({
    'pevm.block.number': Number(block.block.number),
    ...(block.block.hash && { 'pevm.block.hash': block.block.hash }),
    'pevm.chain_id': block.chainId,
    'pevm.hardfork': expect.any(String),
    'pevm.transactions': 20,
    'pevm.gas_used': Number(result!.gasUsed),
    'pevm.threading': 'inline',
    'pevm.workers': 1,
    'pevm.executions': result!.report.executions,
    'pevm.reexecutions': result!.report.reexecutions,
    'pevm.efficiency': result!.report.bound.efficiency,
    'pevm.load_rounds': 0,
    'pevm.drains': 0,
    'pevm.workers_lost': 0,
  });
  expect(root.status.code).toBe(SpanStatusCode.UNSET);

  let at = millisecondsOf(root.startTime);
  expect(at).toBeGreaterThanOrEqual(before - 1);
  for (const stage of spans.slice(0, 4)) {
    expect(stage.parentSpanContext?.spanId).toBe(root.spanContext().spanId);
    expect(stage.spanContext().traceId).toBe(caller.spanContext().traceId);
    expect(millisecondsOf(stage.startTime)).toBeGreaterThanOrEqual(at - 0.01);
    at = millisecondsOf(stage.endTime);
  }
  expect(millisecondsOf(root.endTime)).toBeGreaterThanOrEqual(at - 0.01);
});

test('each round of loading state is a span, and what a source does belongs to the block', async () => {
  const asked: (string | undefined)[] = [];
  const state: StateSource = {
    blockHash: (number) => block.state.blockHash(number),
    load: async (keys) => {
      asked.push(trace.getActiveSpan()?.spanContext().spanId);
      return block.state.load(keys);
    },
  };
  const spans = await spansOf({ tracer }, (engine) => engine.executeBlock({ ...block, state }));
  const root = spans.at(-1)!;
  const loads = spans.filter(({ name }) => name === 'pevm.load');
  expect(loads.length).toBeGreaterThan(0);
  expect(loads.length).toBe(root.attributes['pevm.load_rounds']);
  for (const { attributes, parentSpanContext } of loads) {
    expect(attributes['pevm.keys']).toBeGreaterThan(0);
    expect(parentSpanContext?.spanId).toBe(root.spanContext().spanId);
  }
  expect(new Set(asked)).toEqual(new Set([root.spanContext().spanId]));
});

test('a list of tasks is a span; what rejects has the error', async () => {
  const tasks: Task[] = [{ id: 0, payload: 'a' }];
  const executor = (fails: boolean) => ({
    execute: () => {
      if (fails) throw new TypeError('no such thing');
      return { status: 'success' as const, gasUsed: 1n, output: new Uint8Array() };
    },
  });
  const controller = new AbortController();
  const spans = await spansOf({ tracer }, async (engine) => {
    await engine.execute(tasks, executor(false));
    const run = engine.execute(tasks, executor(false), { signal: controller.signal });
    controller.abort();
    await expect(run).rejects.toThrow(/abort/i);
  });
  const runs = spans.filter(({ name }) => name === 'pevm.execute');
  expect(runs.map(({ status }) => status.code)).toEqual([SpanStatusCode.UNSET, SpanStatusCode.ERROR]);
  expect(runs[0]?.attributes).toMatchObject({ 'pevm.tasks': 1, 'pevm.executions': 1 });
  expect(runs[1]?.attributes['error.type']).toBe('AbortError');
  expect(runs[1]?.events.map(({ name }) => name)).toEqual(['exception']);
});

test('the package gives the tracer where none is given, of whatever is registered with it', async () => {
  trace.setGlobalTracerProvider(provider);
  const spans = await spansOf(true, (engine) => engine.executeBlock(block));
  expect(spans.at(-1)).toMatchObject({ name: 'pevm.execute_block', instrumentationScope: { name: 'pevm-wasm' } });
});

test('without the option, without the package, and where nobody records, there are no spans and no words', async () => {
  const said = (['log', 'warn', 'error'] as const).map((name) => vi.spyOn(console, name));
  trace.setGlobalTracerProvider(provider);
  expect(await spansOf(undefined, (engine) => engine.executeBlock(block))).toEqual([]);
  expect(await spansOf(false, (engine) => engine.executeBlock(block))).toEqual([]);
  expect(await findTracer(undefined, () => import(`${'@opentelemetry'}/api-that-is-not-there`))).toBe(undefined);
  const off = new BasicTracerProvider({
    sampler: new AlwaysOffSampler(),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  expect(await spansOf({ tracer: off.getTracer('off') }, (engine) => engine.executeBlock(block))).toEqual([]);
  for (const spy of said) {
    expect(spy).not.toHaveBeenCalled();
    spy.mockRestore();
  }
});

test.for([
  ['yes', /options\.telemetry: expected an object/],
  [{ trace: tracer }, /options\.telemetry\.trace: unknown; did you mean "tracer"/],
  [{ tracer: 1 }, /options\.telemetry\.tracer: expected a tracer/],
  [{ tracer: {} }, /options\.telemetry\.tracer\.startSpan: expected a function/],
  [{ tracer: { startSpan() {} } }, /options\.telemetry\.tracer\.startActiveSpan: expected a function/],
] as const)('%j is refused by its field', async ([telemetry, message]) => {
  await expect(createEngine({ telemetry: telemetry as never })).rejects.toThrow(message);
});
