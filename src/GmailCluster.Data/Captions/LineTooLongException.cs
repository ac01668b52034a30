namespace GmailCluster.Data.Captions;

/// <summary>A line of a text file goes on for longer than any record does.</summary>
internal sealed class LineTooLongException(int maxBytes) : Exception($"has a line of more than {maxBytes} bytes");
