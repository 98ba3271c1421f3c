"""What SQL cannot fit: statistical models between two runs of dbt, their results as tables for dbt."""
