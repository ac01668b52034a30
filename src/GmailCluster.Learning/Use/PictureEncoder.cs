using GmailCluster.Data.Images;
using GmailCluster.Errors;
using GmailCluster.Learning.Compute;
using GmailCluster.Models.Clip;
using GmailCluster.Models.Lora;

namespace GmailCluster.Learning.Use;

/// <summary>CLIP's image tower with its preparation of pictures, and with Gen-CLIP's adapter where one is given. Threads may share it.</summary>
// B pictures, P width of the shared space.
public sealed class PictureEncoder : IDisposable
{
    private readonly ClipVisionTower _tower;
    private readonly LoraAdapter? _adapter;
    private readonly ClipImageProcessor _processor;

    private PictureEncoder(ClipVisionTower tower, LoraAdapter? adapter, ClipImageProcessor processor) => (_tower, _adapter, _processor) = (tower, adapter, processor);

    /// <summary>P: values of an embedding.</summary>
    public int Width => _tower.EmbeddingWidth;

    internal ClipImageProcessor Processor => _processor;

    /// <summary>Loads it.</summary>
    /// <param name="clipFolder">A CLIP folder with <c>preprocessor_config.json</c>.</param>
    /// <param name="adapterFolder">A PEFT adapter on its image tower, or null.</param>
    /// <exception cref="InputException">A folder is missing, malformed, or of another kind; the adapter is for another tower.</exception>
    public static PictureEncoder Open(string clipFolder, string? adapterFolder = null)
    {
        ModelFolder.Require(clipFolder, "a CLIP model", ModelFolder.Clip, ModelFolder.ClipVision);
        if (adapterFolder is not null)
        {
            RequireAdapter(adapterFolder);
        }

        var processor = ClipImageProcessor.Load(clipFolder);
        var tower = ClipVisionTower.Load(clipFolder);
        try
        {
            RequireSize(processor, tower.Config.ImageSize, clipFolder);
            tower.eval();
            return new PictureEncoder(tower, adapterFolder is null ? null : LoraAdapter.Load(tower, adapterFolder), processor);
        }
        catch
        {
            tower.Dispose();
            throw;
        }
    }

    /// <summary>Projected embeddings, not normalised, in the order of the pictures.</summary>
    /// <param name="paths">Pictures, folders of pictures, WebDataset tars.</param>
    /// <param name="pool">Compute slots.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public IAsyncEnumerable<Seen<float[]>> Embed(IReadOnlyList<string> paths, ComputePool pool, CancellationToken cancellationToken) =>
        PicturePipeline.Run(paths, _processor, pool, Rows, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _adapter?.Dispose();
        _tower.Dispose();
    }

    /// <summary>[B, P], in the caller's scope.</summary>
    internal Tensor Encode(Tensor pixels)
    {
        using var inference = inference_mode();
        return _tower.Encode(pixels).Embedding;
    }

    /// <summary>Refuses a preparation that makes pictures of another size than the tower takes.</summary>
    internal static void RequireSize(ClipImageProcessor processor, int size, string where)
    {
        if (processor.Height != size || processor.Width != size)
        {
            throw new InputException(
                where, $"prepares pictures of {processor.Width} x {processor.Height} pixels, but the image tower takes {size} x {size}.",
                "Use the preprocessor_config.json that came with the model.");
        }
    }

    private static void RequireAdapter(string folder)
    {
        if (Directory.Exists(folder) && ModelFolder.TypeOf(folder) is null && !Directory.Exists(Path.Combine(folder, "checkpoints")))
        {
            throw new InputException(folder, $"holds no {LoraFiles.ConfigName}.", "Name the folder of a PEFT adapter, such as the result of an align run.");
        }

        ModelFolder.Require(folder, "a PEFT adapter", ModelFolder.Adapter);
    }

    private IReadOnlyList<float[]> Rows(Tensor pixels) => [.. TensorRows.ToArray(Encode(pixels)).Chunk(Width)];
}
