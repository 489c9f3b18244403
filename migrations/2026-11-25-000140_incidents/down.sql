DROP TABLE incident_steps;
DROP TABLE incidents;
