// Suspending, waking and claiming under chosen interleavings.
import { dependencyConfigurations } from '../support/model-dependencies.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

for (const configuration of dependencyConfigurations) exploreConfiguration(configuration, 3, 0.04);
