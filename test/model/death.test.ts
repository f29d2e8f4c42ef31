// Losing a worker at any step: it is declared dead, and stops for ever or goes on as a zombie.
import { deathConfigurations } from '../support/model-block.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

for (const configuration of deathConfigurations) exploreConfiguration(configuration, 3, 0.01);
