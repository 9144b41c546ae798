import Tensors

extension Picture {
    /// A picture of an image `[3, H, W]` in [-1, 1]; values beyond are clamped, and NaN becomes 0.
    ///
    /// byte = round((x + 1) · 127.5).
    /// - Throws: `PictureError.tensor` where the shape is another, `.size`.
    public init(_ image: Tensor) throws(PictureError) {
        guard image.shape.rank == 3, image.shape[0] == 3 else { throw .tensor(shape: image.shape) }
        let (height, width) = (image.shape[1], image.shape[2])
        try self.init(width: width, height: height)
        image.withUnsafeValues { values in
            for plane in 0..<3 {
                for pixel in 0..<width * height {
                    pixels[3 * pixel + plane] = Self.byte(values[plane * width * height + pixel])
                }
            }
        }
    }

    /// The pictures of images `[N, 3, H, W]` in [-1, 1].
    /// - Throws: `PictureError.tensor` where the shape is another, `.size`.
    public static func pictures(_ images: Tensor) throws(PictureError) -> [Picture] {
        guard images.shape.rank == 4, images.shape[1] == 3 else { throw .tensor(shape: images.shape) }
        let shape: Shape = [3, images.shape[2], images.shape[3]]
        var pictures: [Picture] = []
        for image in 0..<images.shape[0] {
            let values = images.withUnsafeValues {
                Array($0[image * shape.count..<(image + 1) * shape.count])
            }
            do {
                pictures.append(try Picture(Tensor(values, shape: shape)))
            } catch let error as PictureError {
                throw error
            } catch {
                throw .tensor(shape: images.shape)
            }
        }
        return pictures
    }

    /// The picture as an image in [-1, 1]: `[3, height, width]`.
    public func image() -> Tensor {
        var image = Tensor(zeros: [3, height, width])
        image.withUnsafeMutableValues { values in
            for plane in 0..<3 {
                for pixel in 0..<width * height {
                    values[plane * width * height + pixel] = Float(pixels[3 * pixel + plane]) / 127.5 - 1
                }
            }
        }
        return image
    }

    private static func byte(_ value: Float) -> UInt8 {
        let scaled = ((value + 1) * 127.5).rounded()
        return scaled >= 255 ? 255 : scaled > 0 ? UInt8(scaled) : 0
    }
}
