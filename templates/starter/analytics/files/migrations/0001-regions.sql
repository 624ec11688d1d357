CREATE TABLE regions (
  id VARCHAR(40) PRIMARY KEY,
  name VARCHAR(100) NOT NULL
);

INSERT INTO regions (id, name) VALUES
  ('ap-southeast', 'Asia Pacific'),
  ('eu-central', 'Central Europe'),
  ('us-east', 'US East'),
  ('us-west', 'US West');
