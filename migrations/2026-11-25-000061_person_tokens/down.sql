DROP TABLE person_tokens;
