"""PostgreSQL for every service: transactions that publish, migrations, the key store."""
