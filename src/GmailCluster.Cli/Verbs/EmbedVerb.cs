using System.CommandLine;
using GmailCluster.Cli.Display;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Learning.Compute;
using GmailCluster.Learning.Use;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster embed PICTURE... --clip FOLDER</c>: embeddings of pictures and texts, through CLIP or a trained result on it.</summary>
internal static class EmbedVerb
{
    public static Command Create(CliContext context)
    {
        var pictures = PicturesArgument.Create(isRequired: false);
        var texts = new Option<string[]>("--text") { Description = "A text to embed, beside or instead of pictures; may be repeated.", HelpName = "TEXT" };
        var clip = new Option<string>("--clip") { Description = "The CLIP folder.", HelpName = "FOLDER", Required = true };
        var adapter = new Option<string?>("--adapter") { Description = "A PEFT adapter on its image tower (Gen-CLIP), or runs/KEY of an align run.", HelpName = "FOLDER" };
        var textModel = new Option<string?>("--text-model") { Description = "A text tower instead of CLIP's own, or runs/KEY of a retrieve or long run.", HelpName = "FOLDER" };
        var normalize = new Option<bool>("--normalize") { Description = "Bring every embedding to unit length." };
        var file = new Option<string?>("--out") { Description = "Write .parquet, .jsonl or .safetensors. Default: JSON lines on standard output.", HelpName = "FILE" };
        var store = StoreOption.Create();
        var slots = SlotsOption.Create();
        var command = new Command("embed", "Embed pictures and texts with CLIP, Gen-CLIP or a tuned text tower.")
        {
            pictures, texts, clip, adapter, textModel, normalize, file, store, slots,
        };
        command.SetAction((parsed, cancellationToken) => Run(
            new Request(
                parsed.GetValue(pictures) ?? [], parsed.GetValue(texts) ?? [], parsed.GetRequiredValue(clip), parsed.GetValue(adapter), parsed.GetValue(textModel),
                parsed.GetValue(normalize), parsed.GetValue(file)),
            parsed.GetRequiredValue(store), parsed.GetValue(slots), context, cancellationToken));
        return command;
    }

    private static async Task<int> Run(Request request, string location, int slots, CliContext context, CancellationToken cancellationToken)
    {
        request.Check();
        var store = ObjectStores.Open(location);
        await using var pool = new ComputePool(slots);
        var tally = new PictureTally(context);
        var kept = new List<EmbeddingRow>();
        await foreach (var row in Rows(request, store, pool, tally, cancellationToken))
        {
            var written = request.IsNormalized ? row.Normalised() : row;
            if (request.File is null)
            {
                await context.Out.WriteLineAsync(EmbeddingFile.JsonLine(written));
            }
            else
            {
                kept.Add(written);
            }
        }

        if (request.File is { } path && kept.Count > 0)
        {
            await EmbeddingFile.Write(path, kept, cancellationToken);
            await context.Out.WriteLineAsync($"wrote {path}: {Figures.Count(kept.Count)} embeddings of {Figures.Count(kept[0].Values.Length)} values");
        }

        return tally.ExitCode();
    }

    private static async IAsyncEnumerable<EmbeddingRow> Rows(
        Request request, Storage.IObjectStore store, ComputePool pool, PictureTally tally,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var pictures = request.Pictures.Length > 0 ? await OpenPictures(request, store, cancellationToken) : null;
        using var texts = request.Texts.Length > 0 ? await OpenTexts(request, store, cancellationToken) : null;
        if (pictures is not null && texts is not null)
        {
            PictureSearch.RequireOneSpace(pictures, texts, request.Clip, request.TextModel ?? request.Clip);
        }

        if (pictures is not null)
        {
            await foreach (var seen in pictures.Embed(request.Pictures, pool, cancellationToken))
            {
                if (tally.Takes(seen))
                {
                    yield return new EmbeddingRow(seen.Name, IsText: false, seen.Result!);
                }
            }
        }

        if (texts is not null)
        {
            foreach (var (text, values) in request.Texts.Zip(await texts.Embed(request.Texts, pool, cancellationToken)))
            {
                yield return new EmbeddingRow(text, IsText: true, values);
            }
        }
    }

    private static async Task<PictureEncoder> OpenPictures(Request request, Storage.IObjectStore store, CancellationToken cancellationToken)
    {
        using var adapter = request.Adapter is { } name ? await TrainedFolder.Open(name, store, cancellationToken) : null;
        return PictureEncoder.Open(request.Clip, adapter?.Path);
    }

    private static async Task<TextEncoder> OpenTexts(Request request, Storage.IObjectStore store, CancellationToken cancellationToken)
    {
        using var tower = request.TextModel is { } name ? await TrainedFolder.Open(name, store, cancellationToken) : null;
        return TextEncoder.Open(tower?.Path ?? request.Clip, request.Clip);
    }

    private sealed record Request(string[] Pictures, string[] Texts, string Clip, string? Adapter, string? TextModel, bool IsNormalized, string? File)
    {
        public void Check()
        {
            if (Pictures.Length == 0 && Texts.Length == 0)
            {
                throw new InputException("", "There is nothing to embed.", "Name pictures, or a text with --text.");
            }

            if (Adapter is not null && Pictures.Length == 0)
            {
                throw new InputException("--adapter", "has no effect without pictures: it is on the image tower.", "Name pictures, or remove it.");
            }

            if (TextModel is not null && Texts.Length == 0)
            {
                throw new InputException("--text-model", "has no effect without --text.", "Give a text, or remove it.");
            }

            if (File is not null)
            {
                EmbeddingFile.Check(File);
            }
        }
    }
}
