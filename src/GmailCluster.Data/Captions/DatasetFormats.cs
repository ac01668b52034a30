using System.Text.Json;
using GmailCluster.Data.Json;
using GmailCluster.Errors;
using GmailCluster.Specs;

namespace GmailCluster.Data.Captions;

/// <summary>Recognises a data set's layout from its path and content.</summary>
internal static class DatasetFormats
{
    private const string Remedy = "Say which layout it is with format: webdataset, folder, coco, karpathy, cc3m, llava, csv, tsv, jsonl or parquet.";

    /// <summary>The word a spec uses for a layout.</summary>
    public static string Name(DatasetFormat format) => format.ToString().ToLowerInvariant();

    public static DatasetFormat Recognise(string path, DatasetSpec spec)
    {
        if (Directory.Exists(path))
        {
            return RecogniseFolder(path);
        }

        return Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".tar" => DatasetFormat.Webdataset,
            ".csv" => DatasetFormat.Csv,
            ".tsv" => RecogniseTsv(path, spec.CaptionField),
            ".json" => RecogniseJson(path),
            var extension => TableFormat(extension) ?? throw new InputException(path, $"is of no known layout (extension '{extension}').", Remedy),
        };
    }

    /// <summary>The table format that an extension stands for; null when it stands for none.</summary>
    public static DatasetFormat? TableFormat(string extension) => extension switch
    {
        ".csv" => DatasetFormat.Csv,
        ".tsv" => DatasetFormat.Tsv,
        ".jsonl" or ".ndjson" => DatasetFormat.Jsonl,
        ".parquet" => DatasetFormat.Parquet,
        _ => null,
    };

    private static DatasetFormat RecogniseFolder(string path)
    {
        if (Directory.EnumerateFiles(path, "*.tar").Any())
        {
            return DatasetFormat.Webdataset;
        }

        var holdsPictures = Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
            .Any(file => ImageFiles.IsImage(Path.GetExtension(file).TrimStart('.').ToLowerInvariant()));
        return holdsPictures ? DatasetFormat.Folder : throw new InputException(path, "holds neither tars nor pictures.", Remedy);
    }

    // Conceptual Captions has no header: its first line already is a caption and a URL.
    public static DatasetFormat RecogniseTsv(string path, string captionField)
    {
        using var reader = new StreamReader(path);
        var head = new char[1 << 16]; // a line without end is refused later, by whoever reads it
        var columns = new string(head, 0, reader.ReadBlock(head)).Split('\r', '\n')[0].Split('\t');
        var isConceptual = columns.Length == 2 && !columns.Contains(captionField)
            && Uri.TryCreate(columns[1], UriKind.Absolute, out var url) && url.Scheme is "http" or "https";
        return isConceptual ? DatasetFormat.Cc3m : DatasetFormat.Tsv;
    }

    private static DatasetFormat RecogniseJson(string path)
    {
        using var file = JsonFile.Open(path);
        var root = file.Element;
        if (root.ValueKind == JsonValueKind.Array && root.GetArrayLength() > 0 && Has(root[0], "conversations"))
        {
            return DatasetFormat.Llava;
        }

        if (Has(root, "annotations") && Has(root, "images"))
        {
            return DatasetFormat.Coco;
        }

        if (Has(root, "images") && root.GetProperty("images") is { ValueKind: JsonValueKind.Array } images
            && images.GetArrayLength() > 0 && Has(images[0], "sentences"))
        {
            return DatasetFormat.Karpathy;
        }

        throw new InputException(path, "is JSON, but neither COCO captions, nor Karpathy's, nor LLaVA's.", Remedy);
    }

    private static bool Has(JsonElement value, string name) => value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out _);
}
