/** What the database of a test has, in the SQL of every database. */
export const TABLES = [
  'CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(100) NOT NULL)',
  `CREATE TABLE orders (id INT PRIMARY KEY, customer_id INT NOT NULL, cents INT NOT NULL,
     FOREIGN KEY (customer_id) REFERENCES customers (id))`,
  `INSERT INTO customers VALUES (1, 'Ada'), (2, 'Grace')`,
  'INSERT INTO orders VALUES (10, 1, 450), (11, 1, 3200), (12, 2, 900)',
];
