// Suspending, waking and claiming under chosen interleavings.
import { long } from '../support/effort.ts';
import { dependencyConfigurations } from '../support/model-dependencies.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

for (const configuration of dependencyConfigurations) exploreConfiguration(configuration, long ? 4 : 3, 0.04);
