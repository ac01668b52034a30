using GmailCluster.Specs;

namespace GmailCluster.Data.Captions;

/// <summary>An import of pictures under way: what every layout's reader is given.</summary>
internal sealed class DatasetBuilder(string path, DatasetSpec spec, string imageFolder, DatasetFormat format)
{
    private readonly List<Sample> _samples = [];
    private readonly ImportBuilder _import = new(path, format, spec.Split?.Split('+'));

    /// <summary>The file or folder that is read.</summary>
    public string Path => path;

    public DatasetSpec Spec => spec;

    public void Record(string row, Action read) => _import.Record(row, read);

    public void LeaveOut(string what) => _import.LeaveOut(what);

    public bool Wants(string? split, string column = "split") => _import.Wants(split, column);

    public void Add(
        string? id, string idColumn, IEnumerable<string?> captions, string? longCaption, string? split,
        IReadOnlyDictionary<string, string> fields, ImageSource image, string? captionColumn = null)
    {
        var accepted = _import.Accept(id, idColumn, captions, captionColumn ?? spec.CaptionField, longCaption);
        _samples.Add(new Sample
        {
            Id = accepted.Id, Captions = accepted.Captions, LongCaption = accepted.LongCaption, Split = split, Fields = fields, Image = image,
        });
    }

    /// <summary>A picture file that the source names, relative to the folder of pictures.</summary>
    public ImageSource File(string? name, string column)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Contains('\0', StringComparison.Ordinal))
        {
            throw new BadRecordException(column, "names no picture.");
        }

        var file = Inside(name, column);
        return ImageFiles.Open(file) ?? throw new BadRecordException(column, $"'{file}' does not exist.");
    }

    /// <summary>A picture found under the first of these names that exists, with any known extension; null when there is none.</summary>
    public ImageSource? Find(params ReadOnlySpan<string> stems)
    {
        foreach (var stem in stems)
        {
            foreach (var extension in ImageFiles.Extensions)
            {
                if (ImageFiles.Open(Inside($"{stem}.{extension}", "image")) is { } found)
                {
                    return found;
                }
            }
        }

        return null;
    }

    // A list of captions from anywhere must not reach for pictures elsewhere on this machine.
    private string Inside(string name, string column)
    {
        var file = System.IO.Path.Combine(imageFolder, name);
        var folder = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(imageFolder)) + System.IO.Path.DirectorySeparatorChar;
        return System.IO.Path.GetFullPath(file).StartsWith(folder, StringComparison.Ordinal)
            ? file
            : throw new BadRecordException(column, $"'{name}' lies outside the folder of pictures, {imageFolder}; the spec's key 'images' names another.");
    }

    public Dataset Finish(BadRecords badRecords) => new(_samples, _import.Finish(_samples.Count, _samples.Sum(sample => sample.Captions.Count), badRecords));
}
