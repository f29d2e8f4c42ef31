// The work-stealing deque under chosen interleavings.
import { long } from '../support/effort.ts';
import { dequeConfigurations } from '../support/model-deque.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

for (const configuration of dequeConfigurations) exploreConfiguration(configuration, long ? 4 : 3, 0.04);
