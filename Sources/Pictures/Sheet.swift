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
        let top = gap + line + line
        let (columnStep, rowStep) = (first.width + gap, first.height + gap)
        var canvas = try Canvas(
            width: left + columnLabels.count * columnStep, height: top + rows.count * rowStep)

        let room = max(1, (canvas.picture.width - 2 * gap) / ((BitmapFont.width + 1) * scale))
        canvas.write(
            title.count > room ? title.prefix(room - 1) + "…" : title, x: gap, y: gap, scale: scale,
            colour: Self.ink)
        for (column, label) in columnLabels.enumerated() {
            let middle = left + column * columnStep + first.width / 2
            canvas.write(
                label, x: middle - Canvas.width(of: label, scale: scale) / 2, y: gap + line, scale: scale,
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
}
