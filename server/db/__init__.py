"""The database: engine, unit of work, tables, migrations. Only stores and this package know SQL."""
