DROP TABLE job_keys;
DROP TABLE job_results;
DROP TABLE jobs;
