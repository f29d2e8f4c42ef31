// The work-stealing deque under chosen interleavings.
import { dequeConfigurations } from '../support/model-deque.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

for (const configuration of dequeConfigurations) exploreConfiguration(configuration, 3, 0.04);
