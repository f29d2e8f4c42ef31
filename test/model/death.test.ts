// Taking incarnations back, and losing a worker at any step: it is declared dead, and stops for ever or goes on as a zombie.
import { abortConfigurations } from '../support/model-abort.ts';
import { deathConfigurations } from '../support/model-block.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

for (const configuration of abortConfigurations) exploreConfiguration(configuration, 3, 0.04);
for (const [at, configuration] of deathConfigurations.entries()) {
  exploreConfiguration(configuration, at === 0 ? 3 : 2, 0.05);
}
