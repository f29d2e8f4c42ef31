// The location table and version lists under chosen interleavings.
import { locationConfigurations, versionConfigurations } from '../support/model-store.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

for (const configuration of locationConfigurations) exploreConfiguration(configuration, 3, 0.04);
for (const configuration of versionConfigurations) exploreConfiguration(configuration, 3, 0.04);
