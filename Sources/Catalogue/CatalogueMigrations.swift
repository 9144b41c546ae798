import GRDB

/// The catalogue's tables, version after version; a version that was released is never changed.
///
/// | table            | a row is |
/// |------------------|----------|
/// | database         | a relevance database in the store's folder, with its provenance |
/// | direction        | a direction that someone has named |
/// | direction_search | FTS5 index over the directions' names, phrases and notes |
/// | label            | a phrase that a style channel moves pictures along |
/// | label_search     | FTS5 index over the labels' phrases |
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
        migrator.registerMigration("3 recipes and labels") { database in
            try database.alter(table: "direction") { table in
                // JSON arrays of phrases.
                for column in ["plus", "minus", "without"] {
                    table.add(column: column, .text).notNull().defaults(to: "[]")
                }
                table.add(column: "confidence", .double)
                table.add(column: "lowStrength", .double).notNull().defaults(to: 0)
                table.add(column: "highStrength", .double).notNull().defaults(to: 0)
                table.add(column: "kept", .integer).notNull().defaults(to: 0)
            }
            try database.execute(
                sql: "UPDATE direction SET lowStrength = -abs(strength), highStrength = abs(strength)")
            try database.create(table: "label") { table in
                table.autoIncrementedPrimaryKey("id")
                table.column("database", .text).notNull().references("database", onDelete: .cascade)
                table.column("layer", .text).notNull()
                table.column("channel", .integer).notNull()
                table.column("rank", .integer).notNull()
                table.column("phrase", .text).notNull()
                table.column("neutral", .text).notNull()
                table.column("relevance", .double).notNull()
                table.column("error", .double)
                table.uniqueKey(["database", "layer", "channel", "rank"])
            }
            try database.execute(
                sql: """
                    CREATE VIRTUAL TABLE label_search USING fts5(
                        phrase, content='label', content_rowid='id', tokenize='unicode61');
                    CREATE TRIGGER label_inserted AFTER INSERT ON label BEGIN
                        INSERT INTO label_search(rowid, phrase) VALUES (new.id, new.phrase);
                    END;
                    CREATE TRIGGER label_deleted AFTER DELETE ON label BEGIN
                        INSERT INTO label_search(label_search, rowid, phrase)
                        VALUES ('delete', old.id, old.phrase);
                    END;
                    """)
        }
        return migrator
    }
}
