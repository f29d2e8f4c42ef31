// The location table and version lists under chosen interleavings.
import { long } from '../support/effort.ts';
import { locationConfigurations, versionConfigurations } from '../support/model-store.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

for (const configuration of locationConfigurations) exploreConfiguration(configuration, long ? 4 : 3, 0.04);
for (const configuration of versionConfigurations) exploreConfiguration(configuration, long ? 4 : 3, 0.04);
