import GRDB

/// The catalogue's tables, version after version; a version that was released is never changed.
///
/// | table            | a row is |
/// |------------------|----------|
/// | database         | a relevance database in the store's folder, with its provenance |
/// | direction        | a direction that someone has named |
/// | direction_search | FTS5 index over the directions' names, phrases and notes |
enum CatalogueMigrations {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 databases") { database in
            try database.create(table: "database") { table in
                table.primaryKey("identity", .text)
                table.column("folder", .text).notNull().unique()
                table.column("generatorName", .text).notNull()
                table.column("generatorFingerprint", .text).notNull().indexed()
                table.column("clipName", .text).notNull()
                table.column("clipFingerprint", .text).notNull()
                table.column("settings", .text).notNull()
                table.column("channels", .integer).notNull()
                table.column("dimension", .integer).notNull()
                table.column("pairs", .integer).notNull()
                table.column("neutral", .text).notNull()
                table.column("toolVersion", .text).notNull()
                table.column("built", .datetime).notNull()
            }
        }
        migrator.registerMigration("2 saved directions") { database in
            try database.create(table: "direction") { table in
                table.autoIncrementedPrimaryKey("id")
                table.column("name", .text).notNull().unique()
                table.column("phrase", .text).notNull()
                table.column("neutral", .text).notNull()
                table.column("threshold", .double).notNull()
                table.column("strength", .double).notNull()
                table.column("note", .text).notNull()
                // A direction outlives its database: its phrase can be asked of another.
                table.column("database", .text).references("database", onDelete: .setNull)
                table.column("saved", .datetime).notNull()
            }
            try database.execute(
                sql: """
                    CREATE VIRTUAL TABLE direction_search USING fts5(
                        name, phrase, note, content='direction', content_rowid='id', tokenize='unicode61');
                    CREATE TRIGGER direction_inserted AFTER INSERT ON direction BEGIN
                        INSERT INTO direction_search(rowid, name, phrase, note)
                        VALUES (new.id, new.name, new.phrase, new.note);
                    END;
                    CREATE TRIGGER direction_deleted AFTER DELETE ON direction BEGIN
                        INSERT INTO direction_search(direction_search, rowid, name, phrase, note)
                        VALUES ('delete', old.id, old.name, old.phrase, old.note);
                    END;
                    CREATE TRIGGER direction_updated AFTER UPDATE ON direction BEGIN
                        INSERT INTO direction_search(direction_search, rowid, name, phrase, note)
                        VALUES ('delete', old.id, old.name, old.phrase, old.note);
                        INSERT INTO direction_search(rowid, name, phrase, note)
                        VALUES (new.id, new.name, new.phrase, new.note);
                    END;
                    """)
        }
        return migrator
    }
}
