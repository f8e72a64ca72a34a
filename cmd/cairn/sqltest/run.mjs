// Does with SQL what a test wants: {"engine", "sql"} on standard input. Engines
// write CSV; a parser only fails for what its engine would not know.
import { register } from 'node:module'
import { readFileSync } from 'node:fs'

const { engine, sql } = JSON.parse(readFileSync(0))
const statements = sql.split(/;\n/).filter((s) => s.trim())

// dt-sql-parser imports its own files as bundlers resolve them.
const resolve = `export async function resolve (name, context, next) {
  for (const path of [name, name + '.js', name + '/index.js']) {
    try { return await next(path, context) } catch (e) { if (!/DIR_IMPORT|NOT_FOUND/.test(e.code)) throw e }
  }
  return next(name, context)
}`

const engines = {
  async duckdb () {
    const { DuckDBInstance } = await import('@duckdb/node-api')
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    await connection.run(`COPY (${statements[0]}) TO '/dev/stdout' (FORMAT csv, HEADER)`)
  },
  async clickhouse () { // the binding of chdb, whose own package has platforms that npm does not
    const { default: chdb } = await import('@chdb/lib-linux-x64-gnu')
    process.stdout.write(chdb.Query(sql, 'CSVWithNames'))
  },
  async athena () { // tables are Hive's, queries are Trino's
    register('data:text/javascript,' + encodeURIComponent(resolve))
    const { HiveSQL, TrinoSQL } = await import('dt-sql-parser')
    const [table, query] = statements.map((s) => s + ';')
    const errors = [...new HiveSQL().validate(table), ...new TrinoSQL().validate(query)]
    if (errors.length) throw new Error(JSON.stringify(errors))
  },
  async bigquery () {
    const { parse } = await import('sql-parser-cst')
    for (const s of statements) parse(s, { dialect: 'bigquery' })
  }
}
await engines[engine]()
