DROP TABLE provider_steps;
DROP TABLE identities;
