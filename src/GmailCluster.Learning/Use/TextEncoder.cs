using GmailCluster.Data.Tokenizers;
using GmailCluster.Errors;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Features;
using GmailCluster.Models.Clip;

namespace GmailCluster.Learning.Use;

/// <summary>A CLIP text tower with its tokenizer: CLIP's own, or one that a retrieve or long run has tuned. Threads may share it.</summary>
// P width of the shared space.
public sealed class TextEncoder : IDisposable
{
    private readonly ClipTextTower _tower;
    private readonly ITokenizer _tokenizer;

    private TextEncoder(ClipTextTower tower, ITokenizer tokenizer) => (_tower, _tokenizer) = (tower, tokenizer);

    /// <summary>P: values of an embedding.</summary>
    public int Width => _tower.EmbeddingWidth;

    /// <summary>Loads it.</summary>
    /// <param name="folder">A CLIP folder, or a text tower's.</param>
    /// <param name="tokenizerFolder">Where the tokenizer is if <paramref name="folder"/> has none: the CLIP folder it comes from.</param>
    /// <exception cref="InputException">A folder is missing, malformed or of another kind.</exception>
    public static TextEncoder Open(string folder, string tokenizerFolder)
    {
        ModelFolder.Require(folder, "a CLIP text tower", ModelFolder.Clip, ModelFolder.ClipText);
        var tokenizer = TokenizerFolder.Load(TokenizerFiles.AreIn(folder) ? folder : tokenizerFolder);
        var tower = ClipTextTower.Load(folder);
        try
        {
            if (!tower.HasProjection)
            {
                throw new InputException(
                    folder, "holds a text tower without the projection into the space that pictures share.", "Name a whole CLIP model, or the result of a retrieve or long run.");
            }

            if (tokenizer.VocabularySize > tower.Config.VocabSize)
            {
                throw new InputException(
                    folder, $"knows {tower.Config.VocabSize} tokens, but its tokenizer has {tokenizer.VocabularySize}.", "Use the tokenizer that the tower was trained with.");
            }

            tower.eval();
            return new TextEncoder(tower, tokenizer);
        }
        catch
        {
            tower.Dispose();
            throw;
        }
    }

    /// <summary>Projected embeddings, not normalised. A text with more tokens than the tower has positions is cut, its end token kept.</summary>
    public async Task<IReadOnlyList<float[]>> Embed(IReadOnlyList<string> texts, ComputePool pool, CancellationToken cancellationToken)
    {
        var values = await TextEncoding.Encode(pool, _tower, _tokenizer, texts, null, cancellationToken).ConfigureAwait(false);
        return [.. values.Chunk(Width)];
    }

    /// <inheritdoc/>
    public void Dispose() => _tower.Dispose();
}
