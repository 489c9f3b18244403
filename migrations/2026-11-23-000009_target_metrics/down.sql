DROP TABLE target_metrics;
