import CLIP
import StyleGAN

/// Runs `body`, whose errors become this room's.
package func generating<Result>(
    _ body: () throws(GeneratorError) -> Result
) throws(RelevanceError) -> Result {
    do { return try body() } catch { throw .generator(error.description) }
}

package func encoding<Result>(_ body: () throws(CLIPError) -> Result) throws(RelevanceError) -> Result {
    do { return try body() } catch { throw .encoder(error.description) }
}
