/** The database program whose data directory a snapshot is; raised together with the dependency `@electric-sql/pglite`. */
export const engineName = 'pglite 0.5.16';
