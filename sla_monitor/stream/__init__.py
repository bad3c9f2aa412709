"""The stream shell: the only importer of Faust, aiokafka and sqlite3."""
