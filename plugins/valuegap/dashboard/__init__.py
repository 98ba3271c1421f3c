"""The published warehouse as pages: Streamlit and Plotly, read-only, nothing leaves the machine.

The only sub-package that imports streamlit and plotly, which come with the extra `dashboard`.
"""
