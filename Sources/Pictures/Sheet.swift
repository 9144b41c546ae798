/// Pictures in rows and columns, with a title and a label at each row and column.
public struct Sheet: Sendable {
    public var title: String
    public var columnLabels: [String]
    public var rowLabels: [String]
    /// Rows of pictures; all of one size, each row as long as there are column labels.
    public var rows: [[Picture]]
    /// A column to be set off by a frame: the unedited pictures.
    public var framedColumn: Int?

    private static let gap = 6
    private static let ink = Colour(grey: 40)

    public init(
        title: String, columnLabels: [String], rowLabels: [String], rows: [[Picture]],
        framedColumn: Int? = nil
    ) {
        self.title = title
        self.columnLabels = columnLabels
        self.rowLabels = rowLabels
        self.rows = rows
        self.framedColumn = framedColumn
    }

    /// Draws the sheet.
    /// - Throws: `PictureError.size` where there is no picture or the sheet would be too large.
    public func drawn() throws(PictureError) -> Picture {
        guard let first = rows.first?.first else { throw .size(width: 0, height: 0) }
        precondition(
            rows.allSatisfy { row in
                row.count == columnLabels.count
                    && row.allSatisfy { $0.width == first.width && $0.height == first.height }
            } && rowLabels.count == rows.count,
            "a sheet's rows are as long as its labels, its pictures of one size")
        let gap = Self.gap
        let scale = max(1, min(first.width / 48, 4))
        let line = Canvas.textHeight(scale: scale) + gap
        let left = gap + (rowLabels.map { Canvas.width(of: $0, scale: scale) }.max() ?? 0) + gap
        let width = left + columnLabels.count * (first.width + gap)
        let titleLines = Self.wrapped(
            title, room: max(1, (width - 2 * gap) / ((BitmapFont.width + 1) * scale)))
        let top = gap + (titleLines.count + 1) * line
        let (columnStep, rowStep) = (first.width + gap, first.height + gap)
        var canvas = try Canvas(
            width: width, height: top + rows.count * rowStep)

        for (number, text) in titleLines.enumerated() {
            canvas.write(text, x: gap, y: gap + number * line, scale: scale, colour: Self.ink)
        }
        for (column, label) in columnLabels.enumerated() {
            let middle = left + column * columnStep + first.width / 2
            canvas.write(
                label, x: middle - Canvas.width(of: label, scale: scale) / 2, y: top - line, scale: scale,
                colour: Self.ink)
        }
        if let framedColumn {
            canvas.fill(
                x: left + framedColumn * columnStep - gap / 2, y: top - gap / 2, width: columnStep,
                height: rows.count * rowStep, with: Self.ink)
        }
        for (row, pictures) in rows.enumerated() {
            let y = top + row * rowStep
            let labelY = y + (first.height - Canvas.textHeight(scale: scale)) / 2
            canvas.write(rowLabels[row], x: gap, y: labelY, scale: scale, colour: Self.ink)
            for (column, picture) in pictures.enumerated() {
                canvas.draw(picture, x: left + column * columnStep, y: y)
            }
        }
        return canvas.picture
    }

    /// Lines of at most so many characters, three at most; a longer text ends in an ellipsis.
    static func wrapped(_ text: String, room: Int) -> [String] {
        var lines = [""]
        for word in text.split(separator: " ") {
            let longer = (lines[lines.count - 1].isEmpty ? "" : lines[lines.count - 1] + " ") + word
            if longer.count <= room || lines[lines.count - 1].isEmpty {
                lines[lines.count - 1] = longer
            } else {
                lines.append(String(word))
            }
        }
        let isCut = lines.count > 3
        return lines.prefix(3).enumerated().map { number, line in
            if line.count <= room, !(isCut && number == 2) { return line }
            return line.prefix(max(0, room - 1)) + "…"
        }
    }
}
